// A reporter for tools/test.mjs: writes down what went wrong outside of tests, which the report of the tests leaves out.
import { writeFileSync } from 'node:fs'

export default class UnhandledReporter {
  /**
   * @param {unknown} _modules
   * @param {readonly { message?: string }[]} errors
   */
  onTestRunEnd(_modules, errors) {
    const file = process.env['LATCHKEY_TEST_UNHANDLED']
    if (file) writeFileSync(file, JSON.stringify(errors.map(({ message }) => String(message))))
  }
}
