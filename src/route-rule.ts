/**
 * Owns what a rule of gray release is. Written by users in code and in options, carried out by `discovery/routing.ts`. Types only.
 */

/** Which instances a call may go to, by what it carries. The first rule that the call has a value for decides. */
export interface RouteRule {
  /** Where the value comes from; the first that has one counts. */
  readonly from: readonly RouteSource[];
  /** The rule is for calls with this value only. Default: any value. */
  readonly equals?: string | undefined;
  /** Metadata that an instance must have: one `*` in it stands for the value of the call. Such an instance is labelled. */
  readonly to: Readonly<Record<string, string>>;
  /**
   * When no callable instance matches the value. any: all of the service. unlabelled: those that this rule gives to no value, else
   * none. none: the call fails. Default `any`.
   */
  readonly otherwise: 'any' | 'none' | 'unlabelled';
  /**
   * Where calls go that no rule has a value for. unlabelled: they keep off what this rule has labelled, as long as there are others. any: it
   * makes no difference to them. Default `unlabelled`.
   */
  readonly untagged?: 'any' | 'unlabelled' | undefined;
}

/** `header`: of the call itself, else of the request that is being served; `context`: by `runWithRouting` in code, or W3C baggage. */
export type RouteSource =
  | { readonly header: string }
  | { readonly context: string }
  | {
      /** In code only. */
      readonly read: (call: { header(name: string): string | undefined }) => string | undefined;
    };
