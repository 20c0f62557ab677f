/**
 * What older Node versions lack: `Promise.withResolvers`, which libp2p 3 calls and Node 20 does not have.
 *
 * Every file of this folder that imports libp2p imports this one first, so that no entry point has to remember it. On a
 * runtime that has the function nothing happens.
 *
 * Source: ECMAScript 2024, section 27.2.4.8, Promise.withResolvers.
 *
 * @packageDocumentation
 */

function withResolvers<Value>(): PromiseWithResolvers<Value> {
  let resolve!: PromiseWithResolvers<Value>['resolve']
  let reject!: PromiseWithResolvers<Value>['reject']
  const promise = new Promise<Value>((onResolve, onReject) => {
    resolve = onResolve
    reject = onReject
  })
  return { promise, resolve, reject }
}

if (typeof Promise.withResolvers !== 'function') Promise.withResolvers = withResolvers
