/**
 * Owns telling calls by name that some client is about to send to the proxy of the environment. axios, needle and others read `HTTP_PROXY` themselves:
 * they connect to the proxy and ask for a whole URL, whose host no proxy can know when it is a service. Asked by `http-calls.cts`, and only for
 * requests with a whole URL; a proxy that the app names itself is left alone.
 */
import type { RequestOptions } from './http-request.cjs';

const SLASH = 47;

/** The URL that is to be fetched by one of `proxies`, when `accepts` takes its host. */
export function proxiedUrl(
  options: RequestOptions,
  accepts: (host: string) => boolean,
  proxies: () => readonly string[],
): { readonly hostname: string; readonly protocol: string } | undefined {
  const { path, host, port } = options;
  if (typeof path !== 'string' || path.charCodeAt(0) === SLASH || !URL.canParse(path)) {
    return undefined;
  }
  const url = new URL(path);
  const isHttp = url.protocol === 'http:' || url.protocol === 'https:';
  if (!isHttp || url.port !== '' || !accepts(url.hostname)) return undefined;
  return proxies().some((proxy) => isAt(proxy, host, port)) ? url : undefined;
}

function isAt(proxy: string, host: unknown, port: unknown): boolean {
  const text = proxy.includes('://') ? proxy : `http://${proxy}`;
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  const usual = url.protocol === 'https:' ? 443 : 80;
  const isSameHost = host === url.hostname || `[${String(host)}]` === url.hostname;
  return isSameHost && Number(port) === (url.port === '' ? usual : Number(url.port));
}
