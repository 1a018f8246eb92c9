import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { parse } from 'ini'
import { containerCredentials, instanceCredentials } from './aws-metadata.js'
import type { AwsCredentials } from './aws-signature.js'
import {
  createCredentialCache,
  type CredentialCache,
  type Obtained,
} from './credential.js'
import type { Settings, World } from './destination.js'
import type { Http } from './http.js'
import { errorCode } from './http-error.js'

/**
 * The first credentials that are there: the section's, the environment's, the container's, those of
 * the profile in the shared credentials file, the instance's. Not those of AWS's configuration file
 * (SSO, assumed roles, processes) nor of a web identity token. `metadata` asks the host itself, so
 * it must go through no proxy.
 */
export function createAwsCredentials(
  settings: Settings,
  { env, now }: World,
  metadata: Http,
): CredentialCache<AwsCredentials> {
  const obtain = async (signal: AbortSignal): Promise<Obtained<AwsCredentials>> => {
    const here =
      keys(
        settings['access_key_id'],
        settings['secret_access_key'],
        settings['session_token'],
      ) ??
      keys(
        env['AWS_ACCESS_KEY_ID'],
        env['AWS_SECRET_ACCESS_KEY'],
        env['AWS_SESSION_TOKEN'],
      ) ??
      (await containerCredentials(env, metadata, signal))
    if (here) return here
    const shared = await sharedCredentials(env)
    if ('value' in shared) return shared
    const why = `no AWS credentials in the section, the environment or ${shared.missing}`
    if (env['AWS_EC2_METADATA_DISABLED']?.toLowerCase() === 'true') {
      return { failure: { outcome: 'suspended', reason: why } }
    }
    const instance = await instanceCredentials(env, metadata, signal)
    if ('value' in instance) return instance
    const { failure } = instance
    return { failure: { ...failure, reason: `${why}; ${failure.reason}` } }
  }
  return createCredentialCache(obtain, now)
}

/** https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html */
async function sharedCredentials(
  env: NodeJS.ProcessEnv,
): Promise<{ value: AwsCredentials; expires: number } | { missing: string }> {
  const file =
    env['AWS_SHARED_CREDENTIALS_FILE'] ||
    join(env['HOME'] || homedir(), '.aws', 'credentials')
  const profile = env['AWS_PROFILE'] || 'default'
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    return { missing: `${file} (${errorCode(error)})` }
  }
  // The parser takes a dot in a section's name for a section in a section.
  const section = profile
    .split('.')
    .reduce<unknown>((at, part) => member(at, part), parse(text))
  const entry = (name: string) => {
    const value = member(section, name)
    return typeof value === 'string' ? value : undefined
  }
  const found = keys(
    entry('aws_access_key_id'),
    entry('aws_secret_access_key'),
    entry('aws_session_token'),
  )
  return found ?? { missing: `${file} (profile ${profile})` }
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null
    ? Object.getOwnPropertyDescriptor(value, name)?.value
    : undefined
}

/** Nothing says when such keys end. */
function keys(
  accessKeyId: string | undefined,
  secretAccessKey: string | undefined,
  sessionToken: string | undefined,
): { value: AwsCredentials; expires: number } | undefined {
  if (!accessKeyId || !secretAccessKey) return undefined
  const value = { accessKeyId, secretAccessKey, ...(sessionToken && { sessionToken }) }
  return { value, expires: Infinity }
}
