import { isAbsolute, relative, sep } from 'node:path';

/** The path relative to the folder, with slashes; files outside of it keep theirs. */
export function shorten(file: string, root: string): string {
  if (!isAbsolute(file)) return file;
  const short = relative(root, file);
  return short === '' || short.startsWith('..') || isAbsolute(short) ? file : short.split(sep).join('/');
}
