import { html, svg } from 'lit'
import type { TemplateResult } from 'lit'

/** The keyhole by itself, beside the name. */
export const mark = (): TemplateResult => html`
  <svg class="mark" viewBox="0 0 24 24" aria-hidden="true">
    <rect width="24" height="24" rx="6.5" />
    <path d="M12 5a4 4 0 0 0-1.95 7.5L8.7 19.2h6.6l-1.35-6.7A4 4 0 0 0 12 5Z" />
  </svg>
`

const KEYHOLE = 'M100 118a34 34 0 0 0-17.6 63.1L70 252h60l-12.4-70.9A34 34 0 0 0 100 118Z'

/** A door from close up, and the light behind it. Brighter while somebody is being let in. */
export const door = (): TemplateResult => html`
  <svg class="door" viewBox="0 0 200 400" aria-hidden="true">
    <defs>
      <radialGradient id="light" cx="50%" cy="38%" r="75%">
        <stop offset="0" stop-color="#fff3df" />
        <stop offset=".45" stop-color="#ffd09a" />
        <stop offset="1" stop-color="#f39a52" />
      </radialGradient>
      <linearGradient id="beam" x1="0" y1="0" x2=".5" y2=".85">
        <stop offset="0" stop-color="#ffd3a1" stop-opacity=".5" />
        <stop offset=".55" stop-color="#ffb56f" stop-opacity=".14" />
        <stop offset="1" stop-color="#ffb56f" stop-opacity="0" />
      </linearGradient>
      <radialGradient id="halo">
        <stop offset="0" stop-color="#ffc98f" stop-opacity=".4" />
        <stop offset=".3" stop-color="#ffc98f" stop-opacity=".18" />
        <stop offset=".6" stop-color="#ffc98f" stop-opacity=".05" />
        <stop offset="1" stop-color="#ffc98f" stop-opacity="0" />
      </radialGradient>
    </defs>
    ${svg`
      <circle class="halo" cx="100" cy="180" r="250" fill="url(#halo)" />
      <path class="beam" d="M70 252 L168 620 L480 620 L130 252 Z" fill="url(#beam)" />
      <rect class="plate" x="38" y="74" width="124" height="226" rx="62" />
      <circle class="screw" cx="100" cy="94" r="3.2" />
      <circle class="screw" cx="100" cy="280" r="3.2" />
      <path class="keyhole" d=${KEYHOLE} fill="url(#light)" />
    `}
  </svg>
`
