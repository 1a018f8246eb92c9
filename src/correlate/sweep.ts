const secondMs = 1_000

/**
 * Says when keys that aren't seen any more are looked at for what is due: once a second of the
 * entries' time, and up to that whole second, so that it comes to the same from any line on.
 */
export function createSweep(): (now: number) => number | undefined {
  let swept = -Infinity
  return now => {
    const second = Math.floor(now / secondMs) * secondMs
    if (second <= swept) return undefined
    swept = second
    return second
  }
}
