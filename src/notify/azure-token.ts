// What goes into `Authorization` for Azure Service Bus: a signature of our own, or a token that Azure
// hands out to the host's managed identity.

import { createHmac } from 'node:crypto'
import {
  createCredentialCache,
  noCredential,
  type CredentialCache,
} from './credential.js'
import type { World } from './destination.js'
import type { Http } from './http.js'
import { jsonMember } from './http-answer.js'

/** A shared access policy's name and key. */
export interface SharedAccessKey {
  readonly name: string
  readonly key: string
}

const sasTokenMs = 60 * 60_000
const instanceUrl = 'http://169.254.169.254/metadata/identity/oauth2/token'
const resource = 'https://servicebus.azure.net'

/**
 * A shared access signature for a URI and what is below it, until `expires` (epoch milliseconds)
 * (https://learn.microsoft.com/en-us/azure/service-bus-messaging/service-bus-sas).
 */
export function sasToken(
  uri: string,
  { name, key }: SharedAccessKey,
  expires: number,
): string {
  const sr = encodeURIComponent(uri)
  const se = Math.floor(expires / 1_000)
  const sig = createHmac('sha256', key).update(`${sr}\n${se}`).digest('base64')
  const skn = encodeURIComponent(name)
  return `SharedAccessSignature sr=${sr}&sig=${encodeURIComponent(sig)}&se=${se}&skn=${skn}`
}

/** Signatures for a URI, each for an hour. `now` is epoch milliseconds. */
export function createSasTokens(
  uri: string,
  key: SharedAccessKey,
  now: () => number,
): CredentialCache<string> {
  const obtain = async () => {
    const expires = now() + sasTokenMs
    return { value: sasToken(uri, key, expires), expires }
  }
  return createCredentialCache(obtain, now)
}

/**
 * Tokens of the managed identity: the App Service's where the environment names one, else the
 * virtual machine's (https://learn.microsoft.com/en-us/entra/identity/managed-identities-azure-resources/how-to-use-vm-token,
 * https://learn.microsoft.com/en-us/azure/app-service/overview-managed-identity#rest-endpoint-reference).
 * AZURE_CLIENT_ID chooses one of several identities. `metadata` asks the host itself, so it must go
 * through no proxy.
 */
export function createIdentityTokens(
  { env, now }: World,
  metadata: Http,
): CredentialCache<string> {
  const obtain = async (signal: AbortSignal) => {
    const request = identityRequest(env)
    if (request === undefined) {
      const reason = 'IDENTITY_ENDPOINT is no URL'
      return { failure: { outcome: 'suspended', reason } } as const
    }
    const result = await metadata.request({ method: 'GET', ...request }, signal)
    const body = 'status' in result && result.status === 200 ? result.body : ''
    const token = jsonMember(body, 'access_token')
    if (typeof token !== 'string' || !/^[!-~]+$/.test(token)) {
      // Azure updates its metadata service now and then, and says so with these.
      return { failure: noCredential('managed identity', result, [404, 410]) }
    }
    const expires = Number(jsonMember(body, 'expires_on')) * 1_000
    return { value: `Bearer ${token}`, expires }
  }
  return createCredentialCache(obtain, now)
}

function identityRequest(env: NodeJS.ProcessEnv) {
  const header = env['IDENTITY_HEADER']
  const isApp = Boolean(env['IDENTITY_ENDPOINT'] && header)
  const base = isApp ? env['IDENTITY_ENDPOINT']! : instanceUrl
  if (!URL.canParse(base)) return undefined
  const url = new URL(base)
  url.searchParams.set('api-version', isApp ? '2019-08-01' : '2018-02-01')
  url.searchParams.set('resource', resource)
  const client = env['AZURE_CLIENT_ID']
  if (client) url.searchParams.set('client_id', client)
  return {
    url: url.href,
    headers: isApp ? { 'x-identity-header': header! } : { metadata: 'true' },
  }
}
