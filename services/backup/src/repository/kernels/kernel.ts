/** WebAssembly, or the same in JavaScript where a runtime has none (`node --jitless`). */
export type KernelKind = 'wasm' | 'script'

export function isWasmAvailable(): boolean {
  return typeof WebAssembly === 'object'
}

const modules = new Map<string, WebAssembly.Module>()

/** A new instance with a memory of its own; the code is compiled once per thread. */
export function startKernel<Exports>(base64: string): Exports {
  let module = modules.get(base64)
  if (module === undefined) {
    module = new WebAssembly.Module(Buffer.from(base64, 'base64'))
    modules.set(base64, module)
  }
  // The module is our own: its exports are what the .wat beside it says.
  return new WebAssembly.Instance(module).exports as Exports
}
