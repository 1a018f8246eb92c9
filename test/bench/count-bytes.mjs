// The least that a program in Node can do with its input.
let bytes = 0
process.stdin.on('data', chunk => (bytes += chunk.length))
process.stdin.on('end', () => console.log(bytes))
