import { createHash, createHmac } from 'node:crypto'

/** Who signs. */
export interface AwsCredentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  /** Temporary credentials have one. */
  readonly sessionToken?: string
}

/** A request to the root of a host, without a query, as all of AWS's Query APIs take them. */
export interface AwsRequest {
  readonly method: 'GET' | 'POST'
  /** With its port, unless that is the protocol's own. */
  readonly host: string
  /** Names in lower case. All of them are signed, so nothing on the way may change them. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** What a signature is good for. */
export interface AwsScope {
  readonly region: string
  readonly service: string
}

const algorithm = 'AWS4-HMAC-SHA256'

/**
 * The headers that a request is sent with, `host` left to the client: its own, the date, the session
 * token and the signature, version 4
 * (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html).
 * `now` is epoch milliseconds; AWS takes a signature for 15 minutes.
 */
export function awsSignedHeaders(
  { method, host, headers, body }: AwsRequest,
  { region, service }: AwsScope,
  { accessKeyId, secretAccessKey, sessionToken }: AwsCredentials,
  now: number,
): Record<string, string> {
  const time = new Date(now).toISOString().replaceAll(/[-:]|\.\d+/g, '')
  const date = time.slice(0, 8)
  const sent = {
    ...headers,
    'x-amz-date': time,
    ...(sessionToken !== undefined && { 'x-amz-security-token': sessionToken }),
  }
  const signed = Object.entries({ ...sent, host }).toSorted(([a], [b]) =>
    a < b ? -1 : 1,
  )
  const names = signed.map(([name]) => name).join(';')
  const lines = signed
    .map(([name, value]) => `${name}:${value.trim().replaceAll(/ +/g, ' ')}\n`)
    .join('')
  const request = [method, '/', '', lines, names, sha256(body)].join('\n')
  const scope = `${date}/${region}/${service}/aws4_request`
  const key = scope.split('/').reduce<string | Buffer>(hmac, `AWS4${secretAccessKey}`)
  const signature = createHmac('sha256', key)
    .update([algorithm, time, scope, sha256(request)].join('\n'))
    .digest('hex')
  const authorization = `${algorithm} Credential=${accessKeyId}/${scope}, SignedHeaders=${names}, Signature=${signature}`
  return { ...sent, authorization }
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}
