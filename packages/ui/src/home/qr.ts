import { svg } from 'lit'
import type { TemplateResult } from 'lit'
import { encode } from 'uqr'

/** A QR code as a drawing, dark on light whatever the page's colours: cameras want it so. Four light modules around it are part of the code (ISO/IEC 18004, 9.1). */
export function qrCode(text: string, label: string): TemplateResult {
  const { data, size } = encode(text, { ecc: 'M', border: QUIET })
  const path = data.flatMap((row, y) => row.map((dark, x) => (dark ? `M${x} ${y}h1v1h-1z` : ''))).join('')
  return svg`
    <svg class="qr" viewBox="0 0 ${size} ${size}" role="img" aria-label=${label} shape-rendering="crispEdges">
      <rect width="100%" height="100%" fill="#fff" />
      <path d=${path} fill="#000" />
    </svg>
  `
}

const QUIET = 4
