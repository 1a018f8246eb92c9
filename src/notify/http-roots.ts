import { X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import tls from 'node:tls'
import { rethrowWithCode } from './http-error.js'

/**
 * The certificates to give to tls as `ca`, which replaces its default: the default ones with those
 * of NODE_EXTRA_CA_CERTS in `env`, and the PEM file's. Rejects with an error whose code starts with
 * CA_FILE_ if the file can't be read or holds no certificate.
 */
export async function trustedRoots(
  caFile: string,
  env: NodeJS.ProcessEnv,
): Promise<string[]> {
  try {
    const own = await readFile(caFile, 'utf8')
    // tls takes a file without any certificate in silence; this throws.
    void new X509Certificate(own)
    return [...(await defaultRoots(env)), own]
  } catch (error) {
    return rethrowWithCode('CA_FILE', error)
  }
}

/** With NODE_EXTRA_CA_CERTS, which before Node 22.15 can't be had from tls. */
async function defaultRoots(env: NodeJS.ProcessEnv): Promise<readonly string[]> {
  const newer = tls as typeof tls & { getCACertificates?: (type: 'default') => string[] }
  if (newer.getCACertificates) return newer.getCACertificates('default')
  const extraFile = env['NODE_EXTRA_CA_CERTS']
  // As in Node itself, an extra file that can't be read is no failure.
  const extra = extraFile ? await readFile(extraFile, 'utf8').catch(() => '') : ''
  return [...tls.rootCertificates, extra]
}
