#!/usr/bin/env node
try {
  await import('../dist/portramp.js');
} catch (error) {
  // The program could not even be read: nothing of it is there yet that could say why.
  const hints = {
    EMFILE: 'raise the limit of open files in this shell: ulimit -n 4096',
    ENFILE: 'too many files are open on this machine: end programs that are not needed',
    ERR_MODULE_NOT_FOUND: 'this installation of portramp is incomplete: install it again',
  };
  const hint = hints[error?.code];
  if (hint === undefined) throw error;
  process.stderr.write(`error ${error.message}\n  hint: ${hint}\n`);
  process.exitCode = 1;
}
