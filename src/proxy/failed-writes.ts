/**
 * Keeps a socket readable after a write on it has failed. A service that answers early (413, 401) and closes resets
 * the connection: the next write fails, and Node would throw away the answer that lies in the receive buffer.
 */
import type { Socket } from 'node:net';

type Done = (error?: Error | null) => void;

/**
 * Lets a failed write, and all that follow it, vanish as if they were sent: the read side still says how the
 * connection ends, first with what was received before.
 * @param onFailure called once, with the error of the first write that failed
 */
export function outliveFailedWrites(socket: Socket, onFailure: (error: Error) => void): void {
  const write = socket._write.bind(socket);
  const writev = socket._writev?.bind(socket);
  let failed = false;
  let wrapped: Done | undefined;
  let absorb: Done = () => undefined;
  // A stream gives all its writes the same callback: it is wrapped once, not for every request.
  const absorbing = (done: Done): Done => {
    if (done === wrapped) return absorb;
    wrapped = done;
    absorb = (error) => {
      if (!isFailedWrite(error)) return done(error);
      failed = true;
      onFailure(error);
      done();
    };
    return absorb;
  };
  socket._write = (chunk, encoding, done) => {
    if (failed) done();
    else write(chunk, encoding, absorbing(done));
  };
  if (writev === undefined) return;
  socket._writev = (chunks, done) => {
    if (failed) done();
    else writev(chunks, absorbing(done));
  };
}

function isFailedWrite(error: Error | null | undefined): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error && error.syscall === 'write';
}
