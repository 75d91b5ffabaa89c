import { expect, it } from 'vitest'
import { silentLog } from '../system.ts'
import { stillTime } from '../testing/ddp-time.ts'
import { Later } from './later.ts'

const setUp = () => {
  const time = stillTime()
  const errors: unknown[] = []
  const log = { ...silentLog, error: (fields: object, message: string) => void errors.push([fields, message]) }
  return { time, errors, later: new Later({ timers: time.timers, log }) }
}

it('what is begun for later begins after a while, or when somebody waits for it to be done', async () => {
  const { time, later } = setUp()
  const done: string[] = []
  later.begin('a', '', async () => void done.push('first'))
  await Promise.resolve()
  expect(done).toEqual([])
  time.pass(20)
  await expect.poll(() => done).toEqual(['first'])
  later.begin('a', '', async () => void done.push('second'))
  await later.settled()
  expect(done).toEqual(['first', 'second'])
})

it('what is begun under one name is done in its order, and holds up nothing of another', async () => {
  const { later } = setUp()
  const done: string[] = []
  let release = (): void => {}
  const held = new Promise<void>(resolve => (release = resolve))
  later.begin('a', '', async () => {
    await held
    done.push('a1')
  })
  later.begin('a', '', async () => void done.push('a2'))
  later.begin('b', '', async () => {
    done.push('b')
    release()
  })
  await later.settled()
  expect(done).toEqual(['b', 'a1', 'a2'])
})

it('what fails later is logged, and what comes after it is done all the same', async () => {
  const { later, errors } = setUp()
  const error = new Error('no')
  let isDone = false
  later.begin('a', 'it could not be done', () => Promise.reject(error))
  later.begin('a', '', async () => void (isDone = true))
  await later.settled()
  expect([errors, isDone]).toEqual([[[{ err: error }, 'it could not be done']], true])
})

it('no more is taken on than can be done', async () => {
  const { later } = setUp()
  const begin = (line: string): void => later.begin(line, '', async () => {})
  for (let n = 0; n < 1000; n++) begin(String(n))
  expect(() => begin('one more')).toThrow(expect.objectContaining({ code: 'Busy' }))
  await later.settled()
  begin('one more')
  await later.settled()
})

it('what never ends is waited for only so long by whoever says so', async () => {
  const { time, later, errors } = setUp()
  later.begin('a', '', () => new Promise<void>(() => {}))
  let isOver = false
  const settled = later.settled(5000).then(() => (isOver = true))
  time.pass(4000)
  await new Promise(setImmediate)
  expect(isOver).toBe(false)
  time.pass(1000)
  await settled
  expect(errors).toEqual([[{ count: 1 }, 'what was left to be done after an answer took too long, and is not waited for']])
})
