import { createPrivateKey, sign } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import type { IniValue } from '../config/ini-value.js'
import {
  createCredentialCache,
  noCredential,
  type CredentialCache,
  type Obtained,
} from './credential.js'
import type { World } from './destination.js'
import type { Http, HttpResult } from './http.js'
import { errorCode } from './http-error.js'
import { jsonMember } from './http-answer.js'

/** A service account's key, as Google's console gives it out in a JSON file. */
export interface ServiceAccount {
  readonly email: string
  /** PEM. */
  readonly privateKey: string
  readonly keyId: string
  /** Where its assertions are exchanged for tokens. */
  readonly tokenUri: string
}

const scope = 'https://www.googleapis.com/auth/pubsub'
const assertionSeconds = 3_600
const metadataHost = 'metadata.google.internal'
const metadataPath = '/computeMetadata/v1/instance/service-accounts/default/token'

/** A file, better with a service account's key, for want of which each message fails. */
export function serviceAccountFile(value: string): IniValue {
  let json: string
  try {
    json = readFileSync(value, 'utf8')
  } catch (error) {
    return { value, trouble: `is ${value}, which can't be read: ${errorCode(error)}` }
  }
  return serviceAccount(json)
    ? { value }
    : { value, trouble: `is ${value}, which ${noAccount}` }
}

/**
 * Access tokens for Pub/Sub, as values of `Authorization`: by the service account in `file`, else in
 * the file that GOOGLE_APPLICATION_CREDENTIALS names, else by the account of the host, which Google's
 * metadata server knows. The file is read for each token, so it can be replaced. `metadata` asks the
 * host itself, so it must go through no proxy; `http` reaches Google.
 */
export function createGoogleTokens(
  file: string | undefined,
  { env, now }: World,
  http: Http,
  metadata: Http,
): CredentialCache<string> {
  const obtain = async (signal: AbortSignal): Promise<Obtained<string>> => {
    const path = file ?? env['GOOGLE_APPLICATION_CREDENTIALS']
    const asked = now()
    if (!path) {
      const url = `http://${env['GCE_METADATA_HOST'] || metadataHost}${metadataPath}`
      const headers = { 'metadata-flavor': 'Google' }
      const result = await metadata.request({ method: 'GET', url, headers }, signal)
      return accessToken('metadata server', result, asked)
    }
    let json: string
    try {
      json = await readFile(path, 'utf8')
    } catch (error) {
      return suspended(`credentials_file can't be read: ${errorCode(error)}`)
    }
    const account = serviceAccount(json)
    if (!account) return suspended(`credentials_file ${noAccount}`)
    const result = await http.request(
      {
        url: account.tokenUri,
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams({
          grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
          assertion: serviceAccountAssertion(account, asked),
        }).toString(),
      },
      signal,
    )
    return accessToken('token server', result, asked)
  }
  return createCredentialCache(obtain, now)
}

/**
 * A JWT that is good for an access token, signed with RS256
 * (https://developers.google.com/identity/protocols/oauth2/service-account#httprest). `now` is epoch
 * milliseconds.
 */
export function serviceAccountAssertion(
  { email, privateKey, keyId, tokenUri }: ServiceAccount,
  now: number,
): string {
  const iat = Math.floor(now / 1_000)
  const claims = { iss: email, scope, aud: tokenUri, iat, exp: iat + assertionSeconds }
  const text = [{ alg: 'RS256', typ: 'JWT', kid: keyId }, claims]
    .map(part => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.')
  const signature = sign('sha256', Buffer.from(text), privateKey)
  return `${text}.${signature.toString('base64url')}`
}

/** Undefined where the JSON is no service account's, or its key is no RSA key. */
function serviceAccount(json: string): ServiceAccount | undefined {
  const text = (name: string) => {
    const value = jsonMember(json, name)
    return typeof value === 'string' ? value : ''
  }
  const account = {
    email: text('client_email'),
    privateKey: text('private_key'),
    keyId: text('private_key_id'),
    tokenUri: text('token_uri'),
  }
  const isUrl = /^https?:/.test(account.tokenUri) && URL.canParse(account.tokenUri)
  return account.email !== '' && isUrl && isRsaKey(account.privateKey)
    ? account
    : undefined
}

function isRsaKey(pem: string): boolean {
  try {
    return createPrivateKey(pem).asymmetricKeyType === 'rsa'
  } catch {
    return false
  }
}

/** Both servers answer as RFC 6749 5.1 says. */
function accessToken(
  service: string,
  result: HttpResult,
  asked: number,
): Obtained<string> {
  const body = 'status' in result && result.status === 200 ? result.body : ''
  const token = jsonMember(body, 'access_token')
  if (typeof token !== 'string' || !/^[!-~]+$/.test(token)) {
    return { failure: noCredential(service, result) }
  }
  const expires = asked + Number(jsonMember(body, 'expires_in')) * 1_000
  return { value: `Bearer ${token}`, expires }
}

function suspended(reason: string): Obtained<string> {
  return { failure: { outcome: 'suspended', reason } }
}

const noAccount = 'holds no key of a service account (JSON)'
