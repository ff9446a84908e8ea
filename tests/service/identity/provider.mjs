// SPDX-License-Identifier: Apache-2.0
// An OpenID provider on a loopback port, for tests. It is told what to do on standard input, a JSON object a line, and
// answers each with one on standard output; it ends with its standard input. First comes the set-up:
//   {keys: [private JWK], users: {name: {password, groups, email}}, clients: [{id, secret, scope}]}
// and then, in any order:
//   {keys}               sign with these from now on         {seconds}           how long access tokens are good for
//   {revoke: jti}        a JWT is not active any more        {rotate: boolean}   refresh tokens are for one use
//   {count: path}        -> how often it was asked there
// Beside what OpenID wants it has a grant by password, token exchange (RFC 8693), and JWTs at introspection and userinfo.
import http from 'node:http';
import readline from 'node:readline';

import * as jose from 'jose';
import Provider, { errors } from 'oidc-provider';

const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token';
const AUDIENCE = 'paas';

const state = { seconds: 3600, rotate: false, revoked: new Set(), counts: new Map(), setup: null, current: null };
const words = (text) => (text || '').split(' ').filter(Boolean);

function resourceServer(audience) {
  const allowed = new Set(state.setup.clients.flatMap((client) => words(client.scope)));
  return {
    scope: [...allowed].join(' '),
    audience,
    accessTokenTTL: state.seconds,
    accessTokenFormat: 'jwt',
    jwt: { sign: { alg: state.setup.keys[0].alg } },
  };
}

function claimsOf(name) {
  const user = state.setup.users[name];
  return user ? { groups: user.groups, 'wlcg.groups': user.groups.map((group) => `/${group}`) } : {};
}

function configuration() {
  const scopes = [...new Set(state.setup.clients.flatMap((client) => words(client.scope)))];
  return {
    jwks: { keys: state.setup.keys },
    clients: state.setup.clients.map(({ id, secret, scope }) => ({
      client_id: id, client_secret: secret, scope, redirect_uris: [], response_types: [],
      id_token_signed_response_alg: state.setup.keys[0].alg,
      grant_types: ['password', 'refresh_token', 'client_credentials', EXCHANGE],
    })),
    enabledJWA: { idTokenSigningAlgValues: [state.setup.keys[0].alg] },
    scopes,
    claims: { openid: ['sub'], email: ['email'], groups: ['groups'] },
    findAccount: (ctx, id) => state.setup.users[id] && {
      accountId: id, claims: () => ({ sub: id, email: state.setup.users[id].email, groups: state.setup.users[id].groups }),
    },
    extraTokenClaims: (ctx, token) => claimsOf(token.accountId),
    rotateRefreshToken: () => state.rotate,
    issueRefreshToken: () => true,
    ttl: { AccessToken: () => state.seconds, ClientCredentials: () => state.seconds, RefreshToken: 86400, Grant: 86400, IdToken: 3600 },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      introspection: { enabled: true, allowedPolicy: () => true },
      revocation: { enabled: true, allowedPolicy: () => true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => `urn:${AUDIENCE}`,
        useGrantedResource: () => true,
        getResourceServerInfo: (ctx, resource) => resourceServer(resource.replace(/^urn:/, '')),
      },
    },
  };
}

async function issue(provider, ctx, accountId, scope, audience, opaque) {
  const { client } = ctx.oidc;
  const allowed = new Set(words(client.scope));
  if (words(scope).some((one) => !allowed.has(one))) throw new errors.InvalidScope('not allowed for the client', scope);
  const resource = `urn:${audience || AUDIENCE}`;
  const grant = new provider.Grant({ accountId, clientId: client.clientId });
  grant.addOIDCScope(scope);
  grant.addResourceScope(resource, scope);
  const grantId = await grant.save();
  const token = new provider.AccessToken({ accountId, client, grantId, gty: ctx.oidc.params.grant_type, scope });
  if (!opaque) token.resourceServer = new provider.ResourceServer(resource, resourceServer(audience || AUDIENCE));
  ctx.oidc.entity('AccessToken', token);
  const body = { access_token: await token.save(), token_type: 'Bearer', expires_in: token.expiration, scope };
  if (words(scope).includes('offline_access')) {
    const refresh = new provider.RefreshToken({
      accountId, client, grantId, gty: 'refresh_token', scope, resource, rotations: 0, iiat: Math.floor(Date.now() / 1000),
    });
    body.refresh_token = await refresh.save();
  }
  return body;
}

async function verified(provider, token) {
  const keys = state.setup.keys.map(({ d, p, q, dp, dq, qi, ...known }) => known);
  const { payload } = await jose.jwtVerify(token, jose.createLocalJWKSet({ keys }), { issuer: provider.issuer });
  if (state.revoked.has(payload.jti)) throw new Error('revoked');
  return payload;
}

function addPassword(provider) {
  const parameters = ['username', 'password', 'scope', 'audience', 'format'];
  provider.registerGrantType('password', async (ctx) => {
    const { username, password, scope, audience, format } = ctx.oidc.params;
    if (state.setup.users[username]?.password !== password) throw new errors.InvalidGrant('wrong password');
    ctx.body = await issue(provider, ctx, username, scope || 'openid', audience, format === 'opaque');
  }, parameters);
}

function addExchange(provider) {
  const parameters = ['subject_token', 'subject_token_type', 'scope', 'audience'];
  provider.registerGrantType(EXCHANGE, async (ctx) => {
    const { subject_token: token, subject_token_type: type, scope, audience } = ctx.oidc.params;
    if (type !== ACCESS_TOKEN) throw new errors.InvalidRequest('subject_token_type');
    let subject;
    try { subject = await verified(provider, token); } catch { throw new errors.InvalidGrant('subject_token'); }
    const body = await issue(provider, ctx, subject.sub, scope || subject.scope, audience, false);
    ctx.body = { ...body, issued_token_type: ACCESS_TOKEN };
  }, parameters);
}

// The library refuses its own JWTs at introspection and at userinfo; providers in use take them.
function addStructured(provider) {
  provider.use(async (ctx, next) => {
    const token = (ctx.get('authorization').match(/^Bearer (ey.*)$/) || [])[1];
    if (ctx.path !== '/me' || !token) return next();
    try {
      const { sub } = await verified(provider, token);
      ctx.body = { sub, email: state.setup.users[sub].email, groups: state.setup.users[sub].groups };
    } catch {
      ctx.status = 401;
      ctx.body = { error: 'invalid_token' };
    }
    return undefined;
  });
  provider.use(async (ctx, next) => {
    await next();
    if (ctx.path !== '/token/introspection' || ctx.body?.error !== 'unsupported_token_type') return;
    ctx.status = 200;
    try { ctx.body = { active: true, ...await verified(provider, ctx.oidc.params.token) }; } catch { ctx.body = { active: false }; }
  });
}

function make(issuer) {
  const provider = new Provider(issuer, configuration());
  addPassword(provider);
  addExchange(provider);
  addStructured(provider);
  provider.on('server_error', (ctx, error) => console.error('server_error', error));
  return provider.callback();
}

// Standard output is for answers; the library writes its notices there.
for (const level of ['log', 'info', 'warn', 'debug']) console[level] = console.error;
const say = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);

const server = http.createServer((request, response) => {
  const path = request.url.split('?')[0];
  state.counts.set(path, (state.counts.get(path) || 0) + 1);
  state.current(request, response);
});

function obey(order, issuer) {
  if ('keys' in order) {
    state.setup = { ...state.setup, ...order };
    state.current = make(issuer);
  }
  if ('seconds' in order) state.seconds = order.seconds;
  if ('rotate' in order) state.rotate = order.rotate;
  if ('revoke' in order) state.revoked.add(order.revoke);
  say('count' in order ? { count: state.counts.get(order.count) || 0 } : { issuer });
}

server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const lines = readline.createInterface({ input: process.stdin });
  lines.on('line', (line) => obey(JSON.parse(line), issuer));
  lines.on('close', () => process.exit(0));
});
