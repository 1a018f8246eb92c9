import t from 'tap'
import {
  awsSignedHeaders,
  type AwsCredentials,
  type AwsRequest,
} from '../../src/notify/aws-signature.js'

const suiteTime = Date.parse('2015-08-30T12:36:00Z')
const suiteScope = { region: 'us-east-1', service: 'service' }
const suiteCredentials = {
  accessKeyId: 'AKIDEXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
}
const suiteRequest: AwsRequest = {
  method: 'POST',
  host: 'example.amazonaws.com',
  headers: {},
  body: '',
}
const sessionToken =
  'AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA=='

/** AWS's own test suite for signature version 4, as far as it is about the root of a host. */
const suite: Record<
  string,
  [Partial<AwsRequest>, Partial<AwsCredentials>, names: string, signature: string]
> = {
  'get-vanilla': [
    { method: 'GET' },
    {},
    'host;x-amz-date',
    '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31',
  ],
  'get-header-value-trim': [
    {
      method: 'GET',
      headers: { 'my-header1': ' value1', 'my-header2': ' "a   b   c"' },
    },
    {},
    'host;my-header1;my-header2;x-amz-date',
    'acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736',
  ],
  'post-vanilla': [
    {},
    {},
    'host;x-amz-date',
    '5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b',
  ],
  'post-header-value-case': [
    { headers: { 'my-header1': 'VALUE1' } },
    {},
    'host;my-header1;x-amz-date',
    'cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d',
  ],
  'post-sts-header-before': [
    {},
    { sessionToken },
    'host;x-amz-date;x-amz-security-token',
    '85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead',
  ],
  'post-x-www-form-urlencoded': [
    {
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: 'Param1=value1',
    },
    {},
    'content-type;host;x-amz-date',
    'ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a',
  ],
}

for (const [name, [request, credentials, names, signature]] of Object.entries(suite)) {
  t.test(`AWS's ${name}`, async t => {
    const headers = awsSignedHeaders(
      { ...suiteRequest, ...request },
      suiteScope,
      { ...suiteCredentials, ...credentials },
      suiteTime,
    )
    t.equal(
      headers['authorization'],
      `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=${names}, Signature=${signature}`,
    )
  })
}

t.test('a request to SNS, signed elsewhere by other code', async t => {
  // The signature is Python's, by hashlib and hmac.
  const headers = awsSignedHeaders(
    {
      method: 'POST',
      host: '127.0.0.1:4566',
      headers: { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' },
      body: 'Action=Publish&Message=caf%C3%A9+%F0%9F%94%A5',
    },
    { region: 'cn-north-1', service: 'sns' },
    {
      accessKeyId: 'ASIAEXAMPLE',
      secretAccessKey: 'secret+/key',
      sessionToken: 'token//==',
    },
    Date.parse('2026-11-23T20:37:00.999Z'),
  )
  t.strictSame(headers, {
    'content-type': 'application/x-www-form-urlencoded; charset=utf-8',
    'x-amz-date': '20261123T203700Z',
    'x-amz-security-token': 'token//==',
    authorization:
      'AWS4-HMAC-SHA256 Credential=ASIAEXAMPLE/20261123/cn-north-1/sns/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-security-token, Signature=f3aa3e8ea1ed0ed91395624dde137e0a8fb53015d67693ead6538e40ddcc6602',
  })
})
