// Credentials that a cloud hands out for some time: got when a message needs them, then kept.

import type { HttpResult } from './http.js'
import { errorWord, jsonMember } from './http-answer.js'
import type { Attempt } from './notifier.js'

/** What asking for a credential came to. */
export type Obtained<T> =
  /** `expires` is epoch milliseconds; Infinity for one without an end. */
  | { readonly value: T; readonly expires: number }
  /** What the attempt that needs it comes to. */
  | { readonly failure: CredentialFailure }

/** No message can be sent without a credential, but none of them is to blame. */
export type CredentialFailure = Extract<Attempt, { outcome: 'retry' | 'suspended' }>

/** A credential that is got again before it expires. */
export interface CredentialCache<T> {
  /** The one that is kept, or a new one. Never rejects. */
  get(signal: AbortSignal): Promise<Obtained<T>>
  /** Forgets it, since it was refused. */
  drop(): void
}

/** Services give a new credential at least this long before the old one ends. */
const marginMs = 5 * 60_000

/**
 * Keeps what `obtain` gives until 5 minutes before it expires; where there is no new one then, until
 * it does. `obtain` never rejects; `now` is epoch milliseconds.
 */
export function createCredentialCache<T>(
  obtain: (signal: AbortSignal) => Promise<Obtained<T>>,
  now: () => number,
): CredentialCache<T> {
  let kept: { readonly value: T; readonly expires: number } | undefined
  return {
    async get(signal) {
      if (kept && now() < kept.expires - marginMs) return kept
      const obtained = await obtain(signal)
      if ('value' in obtained) return (kept = obtained)
      return kept && now() < kept.expires ? kept : obtained
    },
    drop: () => void (kept = undefined),
  }
}

/** What sending with a credential came to. */
export interface SentWithCredential {
  readonly attempt: Attempt
  /** The credential was refused, and another one may not be. */
  readonly isStale: boolean
}

/**
 * An attempt that needs a credential. Where the one that was kept is refused, a new one is got and
 * the message sent once more. `send` never rejects.
 */
export async function sendWithCredential<T>(
  credentials: CredentialCache<T>,
  signal: AbortSignal,
  send: (credential: T) => Promise<SentWithCredential>,
): Promise<Attempt> {
  const sendOnce = async (): Promise<SentWithCredential> => {
    const obtained = await credentials.get(signal)
    if ('failure' in obtained) return { attempt: obtained.failure, isStale: false }
    const sent = await send(obtained.value)
    // After a suspension it is got anew too: it may have been given more rights by then.
    if (sent.isStale || sent.attempt.outcome === 'suspended') credentials.drop()
    return sent
  }
  const { attempt, isStale } = await sendOnce()
  return isStale ? (await sendOnce()).attempt : attempt
}

/**
 * Why an answer of `service`, such as `instance metadata`, gives no credential. Nothing of its body
 * is shown but an OAuth error code (RFC 6749 5.2). `passing` are statuses on which it is to be asked
 * again, besides 408, 429 and 5xx.
 */
export function noCredential(
  service: string,
  result: HttpResult,
  passing: readonly number[] = [],
): CredentialFailure {
  if ('error' in result) {
    return { outcome: 'retry', reason: `${service}: ${result.error}` }
  }
  const { status, body } = result
  if (status < 300) {
    return { outcome: 'retry', reason: `${service} answered ${status} and no credential` }
  }
  const word = errorWord(jsonMember(body, 'error'))
  const reason = `${service} answered ${status} ${word}`.trimEnd()
  const isPassing = status >= 500 || [408, 429, ...passing].includes(status)
  return { outcome: isPassing ? 'retry' : 'suspended', reason }
}
