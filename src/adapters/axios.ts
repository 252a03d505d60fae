/**
 * Owns the explicit adapter of axios: calls of one instance to hosts that are services go to instances, with its http adapter and with its fetch
 * adapter. Other calls are not touched. It adds one request interceptor and nothing else.
 */
import * as http from 'node:http';
import * as https from 'node:https';

import type { AxiosInstance, InternalAxiosRequestConfig } from 'axios';

import { readLogicalUrl } from '../discovery/target.js';
import type { CallSourceOptions } from './call-source.js';
import { createFetch } from './fetch.js';
import { plainScheme, serviceAgents } from './http-agent.js';

/**
 * Calls of `instance` know services from now on: `http://orders`, names with dots, `lb://` and `nacos://`, also as `baseURL`. Returns the
 * function which takes it off again.
 * @example
 * const api = axios.create({ baseURL: 'http://orders' });
 * attachDiscovery(api);
 * const { data } = await api.get('/today');
 */
export function attachDiscovery(
  instance: AxiosInstance,
  options: CallSourceOptions = {},
): () => void {
  const agents = serviceAgents(options);
  const fetchByName = createFetch(options);
  const byName = (config: InternalAxiosRequestConfig): InternalAxiosRequestConfig => {
    if (config.url !== undefined) config.url = plainScheme(config.url);
    if (config.baseURL !== undefined) config.baseURL = plainScheme(config.baseURL);
    if (readLogicalUrl(instance.getUri(config)) === null) return config;
    config.httpAgent = agents.front(nodeAgent(config.httpAgent) ?? http.globalAgent);
    config.httpsAgent = agents.front(nodeAgent(config.httpsAgent) ?? https.globalAgent);
    // No proxy knows our instances.
    config.proxy = false;
    config.env = { ...config.env, fetch: fetchByName };
    return config;
  };
  const id = instance.interceptors.request.use(byName);
  return () => instance.interceptors.request.eject(id);
}

/** axios has no type for agents; one that is none of Node's is left out. */
function nodeAgent(agent: unknown): http.Agent | undefined {
  return agent instanceof http.Agent ? agent : undefined;
}
