/** What this project uses of WebAssembly, whose types Node's own lack. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object
  readonly Instance: new (module: object) => { readonly exports: unknown }
}

/** A memory of WebAssembly; a page has 64 KiB. */
interface WebAssemblyMemory {
  readonly buffer: ArrayBuffer
  grow(pages: number): number
}
