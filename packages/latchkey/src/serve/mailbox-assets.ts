/** Style and script of the mailbox page. Files of their own on the wire, because the page's policy allows nothing inline. */

export const MAILBOX_STYLE: string = `:root {
  color-scheme: light dark;
  --ink: light-dark(#15201c, #ecefed);
  --quiet: light-dark(#5a6560, #a2ada8);
  --paper: light-dark(#f5f5f1, #121917);
  --card: light-dark(#fff, #1b2421);
  --line: light-dark(#dfe0d8, #2e3935);
  --accent: light-dark(#17443a, #f2b880);
  --on-accent: light-dark(#fff, #1d1710);
}
* { box-sizing: border-box }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 ui-sans-serif, system-ui, -apple-system, 'Segoe UI', sans-serif }
header, main { max-width: 46rem; margin: 0 auto; padding: 0 1.25rem }
header { padding-top: 2.5rem }
h1 { margin: 0; font: 400 2.1rem/1.2 ui-serif, 'Iowan Old Style', Charter, Georgia, 'Noto Serif', serif; letter-spacing: -0.01em }
header p { margin: 0.25rem 0 1.75rem; color: var(--quiet) }
a { color: var(--accent) }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 4px }
.empty { padding: 3rem 1.5rem; border: 1px dashed var(--line); border-radius: 12px; color: var(--quiet); text-align: center }
.mail { margin-bottom: 0.75rem; background: var(--card); border: 1px solid var(--line); border-radius: 12px; overflow: clip }
.mail > summary { display: grid; grid-template-columns: 1fr auto; gap: 0 1rem; padding: 0.85rem 1.1rem; cursor: pointer; list-style: none }
.mail > summary::-webkit-details-marker { display: none }
.mail > summary:focus-visible { outline-offset: -3px; border-radius: 12px }
.subject { font-weight: 600; overflow-wrap: anywhere }
.to { grid-row: 2; color: var(--quiet); font-size: 0.9rem; overflow-wrap: anywhere }
time { color: var(--quiet); font-size: 0.85rem; font-variant-numeric: tabular-nums; white-space: nowrap }
.body { padding: 0 1.1rem 1.1rem; border-top: 1px solid var(--line) }
.from { margin: 0.75rem 0; color: var(--quiet); font-size: 0.9rem; overflow-wrap: anywhere }
.go { display: flex; flex-wrap: wrap; align-items: center; gap: 0.5rem 0.75rem; margin: 0.75rem 0 }
.button { padding: 0.45rem 0.9rem; border-radius: 8px; background: var(--accent); color: var(--on-accent); font-weight: 600; text-decoration: none }
.button:hover { filter: brightness(1.08) }
code { color: var(--quiet); font-size: 0.8rem; overflow-wrap: anywhere }
iframe { display: block; width: 100%; height: 26rem; margin: 0.75rem 0; border: 1px solid var(--line); border-radius: 8px }
.text > summary { color: var(--quiet); cursor: pointer; font-size: 0.9rem }
pre { margin: 0.5rem 0 0; padding: 0.9rem; border-radius: 8px; background: var(--paper); font-size: 0.85rem; white-space: pre-wrap; overflow-wrap: anywhere }
`

export const MAILBOX_SCRIPT: string = `for (const time of document.querySelectorAll('time')) {
  const date = new Date(time.dateTime)
  const isToday = date.toDateString() === new Date().toDateString()
  time.textContent = isToday ? date.toLocaleTimeString() : date.toLocaleString()
}
const shown = document.body.dataset.count
setInterval(async () => {
  if (document.hidden) return
  try {
    const answer = await fetch('/dev/mailbox.json')
    if (answer.ok && String((await answer.json()).length) !== shown) location.reload()
  } catch {
    // The server is restarting: the next round asks again.
  }
}, 2000)
`
