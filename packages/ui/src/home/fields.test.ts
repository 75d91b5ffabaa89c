import type { TemplateResult } from 'lit'
import { expect, test } from 'vitest'
import { field, passwordField } from './fields.ts'

const markupOf = ({ strings }: TemplateResult): string => strings.join('')

test('a password is not to be read on the screen until somebody asks for it', () => {
  const markup = markupOf(passwordField({ name: 'password', label: 'Password', autocomplete: 'new-password' }))
  expect(markup).toMatch(/<input[^>]* type="password"/)
  expect(markup).toContain('class="reveal"')
})

test('what stands in a field never stands in its markup', () => {
  const hostile = '" onfocus=alert(1) autofocus x="'
  const { strings, values } = field({ name: 'user', label: 'Name', autocomplete: 'username', value: hostile })
  expect(strings.join('')).not.toContain(hostile)
  expect(values).toContain(hostile)
})
