/**
 * Keys and signatures as the pure layers see them: bytes in, a yes or no out.
 *
 * Everything is Ed25519 (RFC 8032). The code that signs and verifies is handed in by the host, so that a process may use
 * the operating system's implementation, a page a JavaScript one, and the simulator a tag.
 *
 * @packageDocumentation
 */

declare const brand: unique symbol

/** An Ed25519 public key: 32 bytes as 64 lower-case hexadecimal digits. */
export type PublicKey = string & { readonly [brand]: 'PublicKey' }

/** An Ed25519 signature: 64 bytes. */
export type Signature = Uint8Array

/** Bytes of an Ed25519 signature. */
export const SIGNATURE_SIZE_BYTES = 64

/** Signs `message` with the one key of this process. Deterministic: the same message gives the same signature. */
export type Sign = (message: Uint8Array) => Signature

/** True if `signature` over `message` was made with `key`. Never throws: a malformed key or signature is a no. */
export type Verify = (key: PublicKey, message: Uint8Array, signature: Signature) => boolean
