import { expect, test } from 'vitest'
import { commandPage, configurationPage } from './pages.ts'

test('docs/configuration.md says what the table of settings says', async () => {
  await expect(configurationPage()).toMatchFileSnapshot('../../../docs/configuration.md')
})

test('docs/cli.md says what --help says', async () => {
  await expect(commandPage()).toMatchFileSnapshot('../../../docs/cli.md')
})
