/** Smaller buffers are left to the collector: to give one back costs as much as it saves. */
const LEAST_BYTES = 8192;

/** ES2024; Node has it from 22 on. */
type Transferable = ArrayBuffer & { transfer?(bytes: number): ArrayBuffer };

type DiscardPort = InstanceType<typeof MessagePort>;

let closedPort: DiscardPort | undefined;

/**
 * Gives the memory of `bytes` back now. The collector counts objects, and a buffer is a small one: with a gigabyte of records it
 * lets tens of megabytes gather, each page of which the kernel must first make.
 *
 * Every view of the same memory is empty afterwards, so only the last owner may call this. Nothing happens where `bytes` is little,
 * or a part of a larger buffer.
 */
export function freeBytes(bytes: Uint8Array): void {
  if (bytes.byteLength === bytes.buffer.byteLength) freeBuffer(bytes.buffer);
}

/** The same for the whole buffer behind a view. */
export function freeBuffer(buffer: ArrayBufferLike): void {
  if (buffer.byteLength < LEAST_BYTES || !(buffer instanceof ArrayBuffer)) return;
  const transferable = buffer as Transferable;
  if (transferable.transfer === undefined) discardPort().postMessage(undefined, [buffer]);
  else transferable.transfer(0);
}

/** What is posted to a closed port is taken from its owner and thrown away. */
function discardPort(): DiscardPort {
  if (closedPort !== undefined) return closedPort;
  const { port1 } = new MessageChannel();
  port1.close();
  closedPort = port1;
  return port1;
}
