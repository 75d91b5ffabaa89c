/** The report for a person. */
import { facts, table } from '../cli/output.ts'
import type { ImportReport } from './import-accounts-js.ts'
import type { NoteKind } from './notes.ts'

/** Lines of one kind of note that are shown; the file and `--json` have all of them. */
const SHOWN = 20

/** As text. `file` is where the whole report was written, if anywhere. */
export function readable(report: ImportReport & { target: string }, file?: string): string {
  const { dryRun, users, credentials, notImported, seconds } = report
  const perSecond = seconds > 0 ? `, ${Math.round(users.read / seconds)} users a second` : ''
  const left = [
    ...Object.entries(notImported.tokens).map(([name, count]) => `${count} ${name}`),
    ...(notImported.sessions > 0 ? [`${notImported.sessions} sessions`] : []),
  ]
  return [
    dryRun ? 'Nothing was written: this is what would happen.' : 'Done.',
    facts([
      ['From', `${report.source} (${report.layout})`],
      ['To', report.target],
      ['Users read', String(users.read)],
      [dryRun ? 'To import' : 'Imported', String(users.imported)],
      ['Already there', String(users.alreadyThere)],
      ['Changed since', String(users.changedSince)],
      ['Left out', String(users.leftOut)],
      ...Object.entries(credentials)
        .toSorted(([a], [b]) => (a < b ? -1 : 1))
        .map(([kind, count]): [string, string] => [`  with ${kind}`, String(count)]),
      ['Not imported', left.join(', ') || '-'],
      ['Took', `${seconds.toFixed(1)} s${perSecond}`],
    ]),
    ...kindsOf(report).map(kind => notesOf(report, kind, file)),
    ...(dryRun ? ['Run it again with --yes to import.'] : []),
  ].join('\n\n')
}

const kindsOf = ({ notes }: ImportReport): NoteKind[] => [...new Set(notes.map(({ kind }) => kind))]

function notesOf({ notes, advice }: ImportReport, kind: NoteKind, file: string | undefined): string {
  const own = notes.filter(note => note.kind === kind)
  const rows = own.slice(0, SHOWN).map(({ id, what }) => [id, what])
  const more = own.length > SHOWN ? `\n… and ${own.length - SHOWN} more: ${file ?? 'see --report or --json'}` : ''
  return `${kind} (${own.length}): ${advice[kind] ?? ''}\n${table(['ID', 'WHAT'], rows)}${more}`
}
