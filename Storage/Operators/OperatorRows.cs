using System.Security.Cryptography;
using System.Text;
using Lakala.Storage.Merchants;
using Lakala.Storage.Postgres;
using Lakala.Vocabulary;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Lakala.Storage.Operators;

/// <param name="Prefix">The beginning of the key, after its mark.</param>
public sealed record AdminKey(string Prefix, string Name, OperatorRole Role, DateTimeOffset CreatedAt, DateTimeOffset? RevokedAt);

/// <summary>Operators, their sessions, and the keys of their programs. The commit of every change writes its row of the audit log.</summary>
public sealed class OperatorRows([FromKeyedServices(Database.Visitors)] NpgsqlDataSource database)
{
    /// <summary>A session ends after this time in any case.</summary>
    public static readonly TimeSpan SessionLifetime = TimeSpan.FromHours(12);

    /// <summary>A session ends after this time without a request by a person.</summary>
    public static readonly TimeSpan SessionIdle = TimeSpan.FromMinutes(15);

    private const int TokenBytes = 32;

    /// <summary>Creates an operator, or sets another role and password; earlier sessions end.</summary>
    /// <returns>The password: it cannot be shown a second time.</returns>
    public async Task<string> Put(Operator person, string who, CancellationToken stop)
    {
        var password = Passwords.New();
        await database.Execute(
            """
            with put as (
              insert into operators (name, role, password, salt, password_hash) values ($1, $2, $3, '', '')
              on conflict (name) do update
              set role = excluded.role, blocked = false, salt = '', password_hash = '', password = excluded.password
            ), ended as (
              delete from operator_sessions where operator = $1
            )
            insert into audit_log (who, what, subject, before, after)
            values ($4, 'operator.put', $1,
                    (select jsonb_build_object('role', role, 'blocked', blocked) from operators where name = $1),
                    jsonb_build_object('role', $2::text, 'blocked', false))
            """,
            stop,
            person.Name,
            Operator.Text(person.Role),
            StoredPassword.Hash(password).Text,
            who);
        return password;
    }

    /// <summary>Blocks the operator: the sessions end, and nobody can sign in under the name until it is set up again.</summary>
    /// <returns>False: there is no such operator.</returns>
    public async Task<bool> Block(string name, string who, CancellationToken stop) => await database.Execute(
        """
        with was as (
          select jsonb_build_object('blocked', blocked) as before from operators where name = $1
        ), blocked as (
          update operators set blocked = true where name = $1 returning name
        ), ended as (
          delete from operator_sessions where operator in (select name from blocked)
        )
        insert into audit_log (who, what, subject, before, after)
        select $2, 'operator.block', name, before, jsonb_build_object('blocked', true) from blocked, was
        """,
        stop,
        name,
        who) > 0;

    public Task<IReadOnlyList<Operator>> List(CancellationToken stop) =>
        database.List("select name, role, blocked from operators order by name", ReadOperator, stop);

    /// <summary>Makes a session if the password is right.</summary>
    /// <exception cref="SignInsBusyException">Too many sign in at once.</exception>
    /// <returns>The session's token, which is only in its cookie; null when name and password do not belong together.</returns>
    public async Task<string?> SignIn(string name, string password, CancellationToken stop)
    {
        var stored = await database.First(
            $"select {Passwords.Stored} as stored from operators where name = $1 and not blocked", static row => StoredPassword.Parse(row.Get<string>("stored")), stop, name);
        if (!await Passwords.Matches(PasswordsOf.Operators, password, stored, stop))
        {
            // Only for existing names: other input in that field may be a password, and has no bound.
            await database.Execute(
                "insert into audit_log (who, what, subject) select 'nobody', 'operator.sign_in_failed', name from operators where name = $1", stop, name);
            return null;
        }

        var token = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(TokenBytes));
        var kept = await Passwords.Strengthen(stored!, password);

        // Stored only if the verified value is still there: the operator may have got a new password meanwhile.
        await database.Execute(
            $"""
            with old as (
              delete from operator_sessions where expires_at < clock_timestamp()
            ), kept as (
              update operators set password = $5, salt = '', password_hash = ''
              where name = $2 and {Passwords.Stored} = $4 and password is distinct from $5
            ), session as (
              insert into operator_sessions (token_hash, operator, expires_at) values ($1, $2, clock_timestamp() + $3::interval)
            )
            insert into audit_log (who, what, subject) values ($2, 'operator.sign_in', $2)
            """,
            stop,
            HashOf(token),
            name,
            SessionLifetime,
            stored!.Text,
            kept.Text);
        return token;
    }

    /// <summary>Finds the operator of a session; null when it has ended.</summary>
    /// <param name="isPerson">True: a person made the request, which prolongs the session; an automatic refresh of a page does not.</param>
    public Task<Operator?> Find(string token, bool isPerson, CancellationToken stop) => database.First(
        """
        with session as (
          select s.token_hash, s.operator, s.used_at from operator_sessions s
          where s.token_hash = $1 and s.expires_at > clock_timestamp() and s.used_at > clock_timestamp() - $2::interval
        ), used as (
          update operator_sessions u set used_at = clock_timestamp() from session s
          where $3 and u.token_hash = s.token_hash and s.used_at < clock_timestamp() - interval '1 minute'
        )
        select o.name, o.role, o.blocked from session s join operators o on o.name = s.operator where not o.blocked
        """,
        ReadOperator,
        stop,
        HashOf(token),
        SessionIdle,
        isPerson);

    public Task SignOut(string token, CancellationToken stop) => database.Execute(
        """
        with ended as (
          delete from operator_sessions where token_hash = $1 returning operator
        )
        insert into audit_log (who, what, subject) select operator, 'operator.sign_out', operator from ended
        """,
        stop,
        HashOf(token));

    /// <returns>The key: it cannot be shown a second time. Null: the name is taken.</returns>
    public async Task<string?> AddKey(string name, OperatorRole role, string who, CancellationToken stop)
    {
        var key = ApiKey.Create(ApiKey.AdminMark);
        var added = await database.Execute(
            """
            with added as (
              insert into admin_keys (prefix, name, role, secret_hash) values ($1, $2, $3, $4) on conflict do nothing returning prefix
            )
            insert into audit_log (who, what, subject, after) select $5, 'key.add', $2, jsonb_build_object('role', $3::text) from added
            """,
            stop,
            key.Prefix,
            name,
            Operator.Text(role),
            key.Hash,
            who);
        return added > 0 ? key.Text : null;
    }

    /// <returns>False: there is no such key, or it is revoked already.</returns>
    public async Task<bool> RevokeKey(string name, string who, CancellationToken stop) => await database.Execute(
        """
        with revoked as (
          update admin_keys set revoked_at = clock_timestamp() where name = $1 and revoked_at is null returning name
        )
        insert into audit_log (who, what, subject) select $2, 'key.revoke', name from revoked
        """,
        stop,
        name,
        who) > 0;

    public Task<IReadOnlyList<AdminKey>> ListKeys(CancellationToken stop) => database.List(
        "select prefix, name, role, created_at, revoked_at from admin_keys order by name",
        static row => new AdminKey(
            row.Get<string>("prefix"),
            row.Get<string>("name"),
            Operator.Parse(row.Get<string>("role"))!.Value,
            row.Get<DateTimeOffset>("created_at"),
            row.Get<DateTimeOffset?>("revoked_at")),
        stop);

    /// <summary>Finds the owner of an admin key; null when the key is unknown or revoked.</summary>
    public async Task<Operator?> Authenticate(string presented, CancellationToken stop)
    {
        if (!ApiKey.TryParse(presented, ApiKey.AdminMark, out var key))
        {
            return null;
        }

        var (name, role, hash) = await database.First(
            "select name, role, secret_hash from admin_keys where prefix = $1 and revoked_at is null",
            static row => (row.Get<string>("name"), row.Get<string>("role"), row.Get<byte[]>("secret_hash")),
            stop,
            key.Prefix);
        return hash is not null && CryptographicOperations.FixedTimeEquals(hash, key.Hash) ? new Operator($"key:{name}", Operator.Parse(role)!.Value) : null;
    }

    private static Operator ReadOperator(NpgsqlDataReader row) => new(
        row.Get<string>("name"), Operator.Parse(row.Get<string>("role"))!.Value, row.Get<bool>("blocked"));

    // 256 random bits need no salt.
    private static byte[] HashOf(string token) => SHA256.HashData(Encoding.ASCII.GetBytes(token));
}
