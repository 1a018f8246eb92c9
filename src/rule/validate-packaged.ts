import { rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { formatFault } from '../fault.js'
import { loadRules } from './load-rules.js'
import { digestOf, packagedRules, validatedDigest } from './packaged-rules.js'
import { readRuleFiles } from './rule-files.js'

// The last step of `npm run build`: validates the packaged rules once, so that no start has to.
rmSync(validatedDigest, { force: true })
const { faults } = await loadRules([])
for (const fault of faults) console.error(formatFault(fault))
if (faults.length > 0) process.exitCode = 78
else {
  const { rules } = readRuleFiles([fileURLToPath(packagedRules)])
  writeFileSync(validatedDigest, `${digestOf(rules)}\n`)
}
