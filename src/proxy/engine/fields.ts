/** The fields of a request whose headers are an object already. */
import type { RequestHead } from './engine.ts';

/** @param headers by name in lower case */
export function fieldsOf(
  headers: Readonly<Record<string, string | readonly string[] | undefined>>,
): Pick<RequestHead, 'field' | 'fieldsLike'> {
  return {
    field: (name) => {
      const value = Object.hasOwn(headers, name) ? headers[name] : undefined;
      return value === undefined || typeof value === 'string' ? value : value.join(', ');
    },
    fieldsLike: (prefix) => Object.keys(headers).filter((name) => name.startsWith(prefix)),
  };
}
