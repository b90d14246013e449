using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Lakala.Storage.Postgres;
using Lakala.Vocabulary;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Lakala.Storage.Merchants;

/// <summary>The people of merchants, their sessions and invitations. The commit of every change writes its row of the audit log.</summary>
public sealed class MerchantUserRows([FromKeyedServices(Database.Visitors)] NpgsqlDataSource database)
{
    /// <summary>A session ends after this time in any case.</summary>
    public static readonly TimeSpan SessionLifetime = TimeSpan.FromHours(12);

    /// <summary>A session ends after this time without a request.</summary>
    public static readonly TimeSpan SessionIdle = TimeSpan.FromMinutes(30);

    /// <summary>An invitation ends after this time.</summary>
    public static readonly TimeSpan InvitationLifetime = TimeSpan.FromHours(48);

    /// <summary>The most people of a merchant who can sign in, and the most invitations that wait.</summary>
    public const int MostUsers = 50, MostInvitations = 20;

    private const int TokenBytes = 32;

    // What an API key may do only while it is so of the merchant m. People who are blocked count: a key does not undo a block.
    private const string AwaitsFirst =
        """
        not exists (select from merchant_users u where u.merchant_id = m.id)
        and not exists (select from merchant_invitations o where o.merchant_id = m.id and o.by_key is null and o.expires_at > clock_timestamp())
        """;

    private const string WorkingInvitation =
        $"""
        select m.id, m.name from merchant_invitations i join merchants m on m.id = i.merchant_id
        where i.code_hash = $1 and i.expires_at > clock_timestamp()
          and (i.by_key is null or (exists (select from api_keys where prefix = i.by_key and {ApiKeyRows.Working}) and {AwaitsFirst}))
        """;

    /// <returns>Null: there is no such merchant, or too many invitations of it wait.</returns>
    public async Task<Invitation?> Invite(string merchantId, string who, CancellationToken stop)
    {
        var code = NewToken();
        return await database.First(
            """
            with old as (
              delete from merchant_invitations where expires_at < clock_timestamp()
            ), made as (
              insert into merchant_invitations (code_hash, merchant_id, expires_at)
              select $1, m.id, clock_timestamp() + $3::interval from merchants m
              where m.id = $2 and (select count(*) from merchant_invitations i where i.merchant_id = m.id and i.expires_at >= clock_timestamp()) < $4
              returning merchant_id, expires_at
            ), logged as (
              insert into audit_log (who, what, subject) select $5, 'merchant_user.invite', merchant_id from made
            )
            select expires_at from made
            """,
            row => new Invitation(code, row.Get<DateTimeOffset>("expires_at")),
            stop,
            HashOf(code),
            merchantId,
            InvitationLifetime,
            MostInvitations,
            who);
    }

    /// <summary>
    /// By an API key: for the merchant's first person only. It replaces the one that a key has made before, works as long as this key is
    /// valid, and no longer works when somebody has joined or an operator has invited.
    /// </summary>
    /// <param name="keyId">The valid key of the request.</param>
    /// <returns>Null: the merchant has, or had, people, or an operator's invitation waits.</returns>
    public Task<Invitation?> InviteFirst(string merchantId, string keyId) => database.Commit(async connection =>
    {
        await Lock(connection, merchantId);
        var code = NewToken();
        return await connection.First(
            $"""
            with made as (
              insert into merchant_invitations (code_hash, merchant_id, expires_at, by_key)
              select $1, m.id, clock_timestamp() + $3::interval, $4 from merchants m where m.id = $2 and {AwaitsFirst}
              on conflict (merchant_id) where by_key is not null
                do update set code_hash = excluded.code_hash, expires_at = excluded.expires_at, by_key = excluded.by_key
              returning merchant_id, expires_at
            ), logged as (
              insert into audit_log (who, what, subject) select $5, 'merchant_user.invite', merchant_id from made
            )
            select expires_at from made
            """,
            row => new Invitation(code, row.Get<DateTimeOffset>("expires_at")),
            CancellationToken.None,
            HashOf(code),
            merchantId,
            InvitationLifetime,
            keyId[MerchantKey.Mark.Length..],
            ApiKeyRows.WhoOf(merchantId, keyId));
    });

    /// <summary>The merchant to which an invitation belongs that still works.</summary>
    public Task<Merchant?> FindInvitation(string code, CancellationToken stop) => database.First(WorkingInvitation, ReadMerchant, stop, HashOf(code));

    /// <summary>Uses the invitation up. The name of somebody who is blocked may be taken anew.</summary>
    /// <param name="name">One that <see cref="MerchantUser.IsName"/>.</param>
    /// <param name="password">One that <see cref="MerchantUser.IsPassword"/>.</param>
    public async Task<JoinOutcome> Join(string code, string name, string password, CancellationToken stop)
    {
        if (await FindInvitation(code, stop) is not { } merchant)
        {
            return JoinOutcome.NoInvitation;
        }

        var stored = await Task.Run(() => StoredPassword.Hash(password), stop);
        return await database.Commit(async connection =>
        {
            await Lock(connection, merchant.Id);
            if (await connection.First($"{WorkingInvitation} for update of i", ReadMerchant, CancellationToken.None, HashOf(code)) is null)
            {
                return JoinOutcome.NoInvitation;
            }

            var users = await List(connection, merchant.Id);
            if (users.Any(user => user.Name == name && !user.Blocked))
            {
                return JoinOutcome.NameTaken;
            }

            if (users.Count(static user => !user.Blocked) >= MostUsers)
            {
                return JoinOutcome.Full;
            }

            await connection.Execute(
                """
                with used as (
                  delete from merchant_invitations where code_hash = $4
                ), put as (
                  insert into merchant_users (merchant_id, name, password) values ($1, $2, $3)
                  on conflict (merchant_id, name) do update set password = excluded.password, blocked = false, created_at = clock_timestamp()
                )
                insert into audit_log (who, what, subject, detail) values ('merchant:' || $1 || ' ' || $2, 'merchant_user.join', $1, $2)
                """,
                CancellationToken.None,
                merchant.Id,
                name,
                stored.Text,
                HashOf(code));
            return JoinOutcome.Joined;
        });
    }

    /// <summary>Makes a session if the password is right.</summary>
    /// <exception cref="SignInsBusyException">Too many sign in at once.</exception>
    /// <returns>The session's token, which is only in its cookie; null when merchant, name and password do not belong together.</returns>
    public async Task<string?> SignIn(string merchantId, string name, string password, CancellationToken stop)
    {
        var stored = await database.First(
            "select password from merchant_users where merchant_id = $1 and name = $2 and not blocked",
            static row => StoredPassword.Parse(row.Get<string>("password")),
            stop,
            merchantId,
            name);
        if (!await Passwords.Matches(PasswordsOf.Merchants, password, stored, stop))
        {
            // Only for existing names: other input in that field may be a password, and has no bound.
            await database.Execute(
                "insert into audit_log (who, what, subject, detail) select 'nobody', 'merchant_user.sign_in_failed', merchant_id, name from merchant_users where merchant_id = $1 and name = $2",
                stop,
                merchantId,
                name);
            return null;
        }

        var token = NewToken();

        // Only if nobody was blocked, or has got another password, since it was read.
        var made = await database.Execute(
            """
            with old as (
              delete from merchant_sessions where expires_at < clock_timestamp()
            ), session as (
              insert into merchant_sessions (token_hash, merchant_id, name, expires_at)
              select $1, merchant_id, name, clock_timestamp() + $4::interval from merchant_users where merchant_id = $2 and name = $3 and not blocked and password = $5
              returning merchant_id, name
            )
            insert into audit_log (who, what, subject) select 'merchant:' || merchant_id || ' ' || name, 'merchant_user.sign_in', merchant_id from session
            """,
            stop,
            HashOf(token),
            merchantId,
            name,
            SessionLifetime,
            stored!.Text);
        return made > 0 ? token : null;
    }

    /// <summary>Finds the person of a session; null when it has ended.</summary>
    public Task<MerchantUser?> Find(string token, CancellationToken stop) => database.First(
        """
        with session as (
          select s.token_hash, s.merchant_id, s.name, s.used_at from merchant_sessions s
          where s.token_hash = $1 and s.expires_at > clock_timestamp() and s.used_at > clock_timestamp() - $2::interval
        ), used as (
          update merchant_sessions u set used_at = clock_timestamp() from session s
          where u.token_hash = s.token_hash and s.used_at < clock_timestamp() - interval '1 minute'
        )
        select m.id, m.name as merchant_name, u.name from session s
        join merchant_users u on u.merchant_id = s.merchant_id and u.name = s.name
        join merchants m on m.id = u.merchant_id
        where not u.blocked
        """,
        static row => new MerchantUser(new Merchant(row.Get<string>("id"), row.Get<string>("merchant_name")), row.Get<string>("name")),
        stop,
        HashOf(token),
        SessionIdle);

    public Task SignOut(string token, CancellationToken stop) => database.Execute(
        """
        with ended as (
          delete from merchant_sessions where token_hash = $1 returning merchant_id, name
        )
        insert into audit_log (who, what, subject) select 'merchant:' || merchant_id || ' ' || name, 'merchant_user.sign_out', merchant_id from ended
        """,
        stop,
        HashOf(token));

    /// <summary>The merchant's people by name, also those who are blocked.</summary>
    public async Task<IReadOnlyList<MerchantUserEntry>> List(string merchantId, CancellationToken stop)
    {
        await using var connection = await database.OpenConnectionAsync(stop);
        return await List(connection, merchantId);
    }

    /// <summary>Ends the person's sessions; nobody can sign in under the name until an invitation is used for it.</summary>
    /// <returns>False: there is no such person who is not blocked.</returns>
    public async Task<bool> Block(string merchantId, string name, string who, CancellationToken stop) => await database.Execute(
        """
        with blocked as (
          update merchant_users set blocked = true where merchant_id = $1 and name = $2 and not blocked returning merchant_id, name
        ), ended as (
          delete from merchant_sessions s using blocked b where s.merchant_id = b.merchant_id and s.name = b.name
        )
        insert into audit_log (who, what, subject, detail) select $3, 'merchant_user.block', merchant_id, name from blocked
        """,
        stop,
        merchantId,
        name,
        who) > 0;

    // One at a time: the statements after it see who has joined, so that people have their bound, and a key lets in one.
    private static Task<int> Lock(NpgsqlConnection connection, string merchantId) =>
        connection.Execute("select from merchants where id = $1 for no key update", CancellationToken.None, merchantId);

    private static Task<IReadOnlyList<MerchantUserEntry>> List(NpgsqlConnection connection, string merchantId) => connection.List(
        "select name, blocked, created_at from merchant_users where merchant_id = $1 order by name",
        static row => new MerchantUserEntry(row.Get<string>("name"), row.Get<bool>("blocked"), row.Get<DateTimeOffset>("created_at")),
        CancellationToken.None,
        merchantId);

    private static Merchant ReadMerchant(NpgsqlDataReader row) => new(row.Get<string>("id"), row.Get<string>("name"));

    private static string NewToken() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(TokenBytes));

    // 256 random bits need no salt.
    private static byte[] HashOf(string token) => SHA256.HashData(Encoding.UTF8.GetBytes(token));
}
