const unitMs = { s: 1_000, m: 60_000, h: 3_600_000, d: 24 * 3_600_000 }

/** `30s`, `5m`, `24h` or `7d` in milliseconds; undefined for other text, and for nothing at all. */
export function durationMs(text: string): number | undefined {
  const [, count, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? []
  const ms = Number(count) * unitMs[unit as keyof typeof unitMs]
  return ms > 0 ? ms : undefined
}
