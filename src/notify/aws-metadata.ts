// Credentials that AWS hands out on the host itself: to containers, and to instances with a role.

import { readFile } from 'node:fs/promises'
import type { AwsCredentials } from './aws-signature.js'
import { noCredential, type Obtained } from './credential.js'
import type { Http, HttpResult } from './http.js'
import { errorCode } from './http-error.js'
import { jsonMember } from './http-answer.js'

type Env = NodeJS.ProcessEnv

const containerHost = 'http://169.254.170.2'
const instanceHost = 'http://169.254.169.254'
/** It goes into a path; IAM lets it hold no more. */
const roleName = /^[\w+=,.@-]{1,128}$/
/** The token is in clear, so plain HTTP is for the host itself and the link-local agents only. */
const plainHosts =
  /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\]|169\.254\.170\.(?:2|23)|\[fd00:ec2::23\])$/

/**
 * The credentials of an ECS task or an EKS pod, if the environment names their source; undefined if
 * not (https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html).
 */
export async function containerCredentials(
  env: Env,
  http: Http,
  signal: AbortSignal,
): Promise<Obtained<AwsCredentials> | undefined> {
  const relative = env['AWS_CONTAINER_CREDENTIALS_RELATIVE_URI']
  const full = env['AWS_CONTAINER_CREDENTIALS_FULL_URI']
  const url = relative ? `${containerHost}${relative}` : full
  if (!url) return undefined
  const name = relative
    ? 'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI'
    : 'AWS_CONTAINER_CREDENTIALS_FULL_URI'
  const { protocol, hostname } = URL.canParse(url) ? new URL(url) : noUrl
  if (protocol !== 'https:' && !(protocol === 'http:' && plainHosts.test(hostname))) {
    return suspended(`${name} is neither HTTPS nor on this host`)
  }
  const file = env['AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE']
  let token = env['AWS_CONTAINER_AUTHORIZATION_TOKEN']
  try {
    // Each time anew: the file's token changes.
    if (file) token = (await readFile(file, 'utf8')).trim()
  } catch (error) {
    return suspended(`AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: ${errorCode(error)}`)
  }
  const headers = token ? { authorization: token } : {}
  const result = await http.request({ method: 'GET', url, headers }, signal)
  return handedOut('container credentials', result)
}

/**
 * The credentials of the instance's role, by IMDSv2
 * (https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html).
 */
export async function instanceCredentials(
  env: Env,
  http: Http,
  signal: AbortSignal,
): Promise<Obtained<AwsCredentials>> {
  const service = 'instance metadata'
  const host =
    env['AWS_EC2_METADATA_SERVICE_ENDPOINT']?.replace(/\/+$/, '') || instanceHost
  const session = await http.request(
    {
      method: 'PUT',
      url: `${host}/latest/api/token`,
      headers: { 'x-aws-ec2-metadata-token-ttl-seconds': '60' },
    },
    signal,
  )
  if (!('status' in session) || session.status !== 200 || session.isCut) {
    return { failure: noCredential(service, session) }
  }
  const get = (path: string) =>
    http.request(
      {
        method: 'GET',
        url: `${host}/latest/meta-data/iam/security-credentials/${path}`,
        headers: { 'x-aws-ec2-metadata-token': session.body.trim() },
      },
      signal,
    )
  const roles = await get('')
  const isWhole = 'status' in roles && roles.status === 200 && !roles.isCut
  const role = isWhole ? roles.body.trim() : ''
  return roleName.test(role)
    ? handedOut(service, await get(role))
    : { failure: noCredential(`${service} (role)`, roles) }
}

/** Both services answer the same JSON. */
function handedOut(service: string, result: HttpResult): Obtained<AwsCredentials> {
  const body = 'status' in result && result.status === 200 ? result.body : ''
  const text = (name: string) => {
    const value = jsonMember(body, name)
    return typeof value === 'string' ? value : ''
  }
  const accessKeyId = text('AccessKeyId')
  const secretAccessKey = text('SecretAccessKey')
  if (accessKeyId === '' || secretAccessKey === '') {
    return { failure: noCredential(service, result) }
  }
  const sessionToken = text('Token')
  const value = { accessKeyId, secretAccessKey, ...(sessionToken && { sessionToken }) }
  return { value, expires: Date.parse(text('Expiration')) }
}

function suspended(reason: string): Obtained<AwsCredentials> {
  return { failure: { outcome: 'suspended', reason } }
}

const noUrl = { protocol: '', hostname: '' }
