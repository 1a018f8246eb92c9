/**
 * What an attempt's reason comes to in one word: the HTTP status, the exit status or the error's code; `other` where
 * there is none. Of these there are few, and the server's own words are in none.
 */
export function reasonCode(reason: string): string {
  const [, status, exit, code] =
    /\banswered (\d{3})\b|\bexited with (\d{1,3})\b|\b([A-Z][A-Z_]{3,}|timeout|aborted)\b/.exec(
      reason,
    ) ?? []
  return status ?? (exit && `exit_${exit}`) ?? code ?? 'other'
}
