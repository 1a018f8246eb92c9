import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Writes a folder with so many rules for each size, on paths that ordinary traffic doesn't have; gives the folders. */
export function growingPack(folder: string, sizes: readonly number[]): string[] {
  return sizes.map(size => {
    const pack = join(folder, String(size))
    mkdirSync(pack, { recursive: true })
    for (let i = 0; i < size; i += 1) writeRule(pack, `rule-${i}`)
    return pack
  })
}

function writeRule(folder: string, id: string): void {
  const entry = {
    type: 'request',
    request: { operation: 'update', path: `site/${id}/x` },
  }
  const rule = {
    id,
    log: 'audit',
    title: 'At {{request.path}}',
    severity: 'low',
    when: {
      'request.path': { startsWith: `site/${id}/` },
      'request.operation': ['update', 'create'],
    },
    tests: [
      { name: 'it alerts', alerts: 1, entries: [entry] },
      {
        name: 'on this path',
        alerts: 0,
        entries: [{ ...entry, request: { ...entry.request, path: 'x' } }],
      },
    ],
  }
  writeFileSync(join(folder, `${id}.json`), JSON.stringify(rule))
}
