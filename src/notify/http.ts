// HTTP for the notifiers: one request, its answer bounded, every error a short code. The messages of
// undici's errors name hosts and URLs, and a webhook's URL is its password: they go nowhere.

import type { Dispatcher } from 'undici'
import { errorCode, rethrowWithCode } from './http-error.js'
import { trustedRoots } from './http-roots.js'

/** A server's answer. */
export interface HttpAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** At most the first 16 KiB: tokens of clouds take some. */
  readonly body: string
  /** The body broke off, or took too long: `body` is what there was of it, perhaps nothing. */
  readonly isCut?: boolean
}

/** What a request came to: an answer, or why there is none (a code such as `ECONNREFUSED`). */
export type HttpResult = HttpAnswer | { readonly error: string }

/** One request. */
export interface HttpRequest {
  /** By default POST. */
  readonly method?: 'GET' | 'PUT'
  readonly url: string
  /** The content type is JSON's unless it stands here. */
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

/** One destination's connections. */
export interface Http {
  /** Never rejects; an abort answers the error `aborted`. */
  request(request: HttpRequest, signal: AbortSignal): Promise<HttpResult>
  /** Ends all connections at once. */
  close(): Promise<void>
}

/** How to reach a destination. */
export interface HttpSettings {
  /**
   * URL of an HTTP proxy for every request; without it, the environment's proxies and exceptions.
   * An empty one: no proxy at all, as for a cloud's metadata service.
   */
  readonly proxy?: string
  /** PEM file of certificate authorities to trust besides the default ones. */
  readonly caFile?: string
}

const aborted = 'aborted'
const defaultTimeoutMs = 10_000
const maxBodyBytes = 16_384
/** Beyond this it is cheaper to drop the connection than to read on. */
const maxDrainBytes = 131_072

interface Connections {
  readonly dispatcher: Dispatcher
  /** Ends also what is still connecting: undici's own abort waits for the connect timeout there. */
  destroy(): Promise<void>
}

/**
 * Connects to nothing, and loads nothing, before the first request. `timeoutMs` each for connecting,
 * for the headers and between parts of the body; three times that for the whole. Of `env`, the
 * proxies (HTTPS_PROXY, HTTP_PROXY, NO_PROXY, in either case) and NODE_EXTRA_CA_CERTS count.
 */
export function createHttp(
  settings: HttpSettings,
  env: NodeJS.ProcessEnv,
  timeoutMs: number = defaultTimeoutMs,
): Http {
  let connections: Connections | undefined
  const close = async () => {
    const closing = connections
    connections = undefined
    await closing?.destroy()
  }
  return {
    async request({ method = 'POST', url, headers = {}, body }, signal) {
      const limit = timeLimit(signal, 3 * timeoutMs)
      const end = () => void close()
      limit.signal.addEventListener('abort', end)
      try {
        connections ??= await connect(settings, env, timeoutMs)
        const answer = await exchange(connections.dispatcher, url, {
          method,
          headers: {
            ...(body !== undefined && {
              'content-type': 'application/json; charset=utf-8',
            }),
            ...headers,
          },
          ...(body !== undefined && { body }),
          headersTimeout: timeoutMs,
          bodyTimeout: timeoutMs,
          signal: limit.signal,
        })
        return answer.isCut && limit.why() === aborted ? { error: aborted } : answer
      } catch (error) {
        // A new start for the next attempt, which also reads a CA file that was mended meanwhile.
        await close()
        return { error: limit.why() ?? errorCode(error) }
      } finally {
        limit.signal.removeEventListener('abort', end)
        limit.clear()
      }
    },
    close,
  }
}

async function exchange(
  dispatcher: Dispatcher,
  url: string,
  options: Omit<Dispatcher.RequestOptions, 'origin' | 'path'>,
): Promise<HttpAnswer> {
  const { request } = await import('undici')
  const { statusCode, headers, body } = await request(url, { ...options, dispatcher })
  return { status: statusCode, headers, ...(await readStart(body)) }
}

/** Joins the caller's abort with a time limit for the whole request. */
function timeLimit(signal: AbortSignal, limitMs: number) {
  const controller = new AbortController()
  let why: string | undefined
  const end = (reason: string) => {
    why ??= reason
    controller.abort()
  }
  const onAbort = () => end(aborted)
  if (signal.aborted) onAbort()
  signal.addEventListener('abort', onAbort)
  const timer = setTimeout(end, limitMs, 'timeout')
  return {
    signal: controller.signal,
    why: () => why,
    clear() {
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
    },
  }
}

async function connect(
  { proxy, caFile }: HttpSettings,
  env: NodeJS.ProcessEnv,
  timeoutMs: number,
): Promise<Connections> {
  const { EnvHttpProxyAgent } = await import('undici')
  const life = new AbortController()
  const ca = caFile === undefined ? undefined : await trustedRoots(caFile, env)
  const options = { timeout: timeoutMs, signal: life.signal, ...(ca && { ca }) }
  const proxies = proxy === undefined ? environmentProxies(env) : onlyProxy(proxy)
  try {
    const tlsOptions = { connect: options, requestTls: options, proxyTls: options }
    const dispatcher = new EnvHttpProxyAgent({ ...proxies, ...tlsOptions })
    const destroy = () => {
      life.abort()
      return dispatcher.destroy()
    }
    return { dispatcher, destroy }
  } catch (error) {
    return rethrowWithCode('PROXY', error)
  }
}

/** The environment's exceptions are for its own proxies, not for one that was asked for, or none. */
function onlyProxy(proxy: string) {
  return { httpProxy: proxy, httpsProxy: proxy, noProxy: '' }
}

/** An empty string where there is none: for undefined, undici looks into the process itself. */
function environmentProxies(env: NodeJS.ProcessEnv) {
  const read = (name: string) => env[name] ?? env[name.toUpperCase()] ?? ''
  const httpProxy = read('http_proxy')
  return {
    httpProxy,
    httpsProxy: read('https_proxy') || httpProxy,
    noProxy: read('no_proxy'),
  }
}

/** What comes after the headers may fail: the server has decided by then. */
async function readStart(
  stream: AsyncIterable<Buffer>,
): Promise<Pick<HttpAnswer, 'body' | 'isCut'>> {
  const chunks: Buffer[] = []
  let bytes = 0
  let isCut = false
  try {
    for await (const chunk of stream) {
      if (bytes < maxBodyBytes) chunks.push(chunk)
      bytes += chunk.length
      if (bytes > maxDrainBytes) break
    }
  } catch {
    isCut = true
  }
  const body = Buffer.concat(chunks).subarray(0, maxBodyBytes).toString()
  return { body, ...(isCut && { isCut }) }
}
