/** Options of the program itself that stand before a command and have a value. */
const VALUED = ['-C', '--dir'];

/** Commands whose words are all for somebody else. */
const FOREIGN = ['compose'];

/**
 * Puts `--` after `compose`, so that the options that follow are Compose's: `-V` of `docker compose up` is not ours.
 * Only a help option directly after it stays portramp's.
 */
export function passThrough(words: readonly string[]): string[] {
  let index = 0;
  while (words[index]?.startsWith('-')) index += VALUED.includes(words[index] ?? '') ? 2 : 1;
  const [command = '', next] = words.slice(index);
  if (!FOREIGN.includes(command) || next === '-h' || next === '--help') return [...words];
  return [...words.slice(0, index + 1), '--', ...words.slice(index + 1)];
}
