/** Reads files that may be pipes, which a reader of files would wait at for ever (1Password serves `.env` so). */
import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';

/** The number of looks at a silent pipe before it is given up, and the pause between two of them in milliseconds. */
const LOOKS = 100;
const PAUSE = 20;

/**
 * Reads all that a file or a pipe says, or tells why that cannot be had, for a sentence that begins with its name.
 * @param most Bytes.
 * @throws Error as `open` and `read` do.
 */
export async function readFileOrPipe(path: string, most: number): Promise<Uint8Array | string> {
  // A pipe is opened without waiting for a writer, who may never come.
  const file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    return await readAll(file, (await file.stat()).isFIFO(), most);
  } finally {
    await file.close();
  }
}

async function readAll(file: FileHandle, isPipe: boolean, most: number): Promise<Uint8Array | string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  let looks = 0;
  while (size <= most) {
    const chunk = await readSome(file);
    if (chunk !== undefined && chunk.length > 0) {
      chunks.push(chunk);
      size += chunk.length;
      continue;
    }
    const hasEnded = chunk !== undefined && (!isPipe || size > 0);
    if (hasEnded) return Buffer.concat(chunks);
    looks += 1;
    if (looks > LOOKS)
      return size > 0 ? 'is a pipe whose writer stopped halfway' : 'is a pipe that nobody writes to';
    await setTimeout(PAUSE);
  }
  return `has more than ${most} bytes`;
}

/** Reads what is there: nothing at the end, undefined while a writer is silent. */
async function readSome(file: FileHandle): Promise<Uint8Array | undefined> {
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(64 * 1024), 0, 64 * 1024, null);
    return buffer.subarray(0, bytesRead);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EAGAIN') return undefined;
    throw error;
  }
}
