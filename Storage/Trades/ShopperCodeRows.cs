using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Lakala.Storage.Postgres;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Lakala.Storage.Trades;

/// <summary>
/// The codes of shoppers. The address of a bill's page shows who the shopper may be; a code that was sent to her mail or phone, or the one on her
/// receipt, proves it, and opens a session of half an hour in which she may move the money.
/// </summary>
/// <remarks>All counts are in the row, so they hold over all silos. Codes and sessions are stored as hashes.</remarks>
public sealed class ShopperCodeRows([FromKeyedServices(Database.Visitors)] NpgsqlDataSource database)
{
    public const int Digits = 6;

    /// <summary>The most wrong tries of one code; after them it is void.</summary>
    public const int MostTries = 5;

    /// <summary>The most codes of a bill within a day.</summary>
    public const int MostPerDay = 5;

    public static readonly TimeSpan CodeLife = TimeSpan.FromMinutes(15), SessionLife = TimeSpan.FromMinutes(30), Pause = TimeSpan.FromMinutes(1);

    /// <summary>Makes a new code, which replaces the one before.</summary>
    /// <returns>Null: the last code is younger than a minute, or the bill has had its codes for today.</returns>
    public async Task<string?> MakeCode(long bill, CancellationToken stop)
    {
        var code = RandomNumberGenerator.GetInt32((int)Math.Pow(10, Digits)).ToString("D" + Digits, CultureInfo.InvariantCulture);
        var isMade = await database.First(
            $"""
            insert into shopper_codes as c (bill, code_hash, code_until) values ($1, $2, clock_timestamp() + $3)
            on conflict (bill) do update
            set code_hash = excluded.code_hash, code_until = excluded.code_until, wrong = 0, sent_at = clock_timestamp(),
                sent = case when c.day_from > clock_timestamp() - interval '1 day' then c.sent + 1 else 1 end,
                day_from = case when c.day_from > clock_timestamp() - interval '1 day' then c.day_from else clock_timestamp() end
            where c.sent_at <= clock_timestamp() - $4 and (c.sent < {MostPerDay} or c.day_from <= clock_timestamp() - interval '1 day')
            returning true as made
            """,
            static row => row.Get<bool>("made"),
            stop,
            bill,
            Hash(bill, code),
            CodeLife,
            Pause);
        return isMade ? code : null;
    }

    /// <summary>Uses the code up, and opens a session.</summary>
    /// <returns>The session's token. Null: the code is wrong, used, too old, or void after too many wrong ones.</returns>
    public async Task<string?> Open(long bill, string code, CancellationToken stop)
    {
        var token = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        var isOpen = await database.First(
            $"""
            update shopper_codes c
            set wrong = c.wrong + (c.code_hash <> $2)::int,
                code_hash = case when c.code_hash <> $2 then c.code_hash end,
                session_hash = case when c.code_hash <> $2 then c.session_hash else $3 end,
                session_until = case when c.code_hash <> $2 then c.session_until else clock_timestamp() + $4 end
            where c.bill = $1 and c.code_hash is not null and c.code_until > clock_timestamp() and c.wrong < {MostTries}
            returning code_hash is null as opened
            """,
            static row => row.Get<bool>("opened"),
            stop,
            bill,
            Hash(bill, code),
            Hash(bill, token),
            SessionLife);
        return isOpen ? token : null;
    }

    /// <summary>
    /// Opens a session by the code on the receipt, which is stored nowhere. Its wrong tries are counted with those of a code that was sent: five within
    /// the life of one. Without a code that was sent, a first try begins such a time.
    /// </summary>
    /// <returns>The session's token. Null: the code is wrong, or there were too many wrong ones.</returns>
    public async Task<string?> OpenByReceipt(long bill, bool isRight, CancellationToken stop)
    {
        var token = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        var isCounted = await database.First(
            $"""
            insert into shopper_codes as c (bill, code_until, wrong, sent_at, day_from, session_hash, session_until)
            values ($1, clock_timestamp() + $4, (not $2)::int, clock_timestamp() - $5, clock_timestamp() - interval '1 day', case when $2 then $3 end, case when $2 then clock_timestamp() + $6 end)
            on conflict (bill) do update
            set wrong = case when c.code_until > clock_timestamp() then c.wrong else 0 end + (not $2)::int,
                code_hash = case when c.code_until > clock_timestamp() then c.code_hash end,
                code_until = case when c.code_until > clock_timestamp() then c.code_until else excluded.code_until end,
                session_hash = coalesce(excluded.session_hash, c.session_hash),
                session_until = coalesce(excluded.session_until, c.session_until)
            where c.code_until <= clock_timestamp() or c.wrong < {MostTries}
            returning true as counted
            """,
            static row => row.Get<bool>("counted"),
            stop,
            bill,
            isRight,
            Hash(bill, token),
            CodeLife,
            Pause,
            SessionLife);
        return isCounted && isRight ? token : null;
    }

    public Task<bool> IsOpen(long bill, string token, CancellationToken stop) => database.First(
        "select true as open from shopper_codes where bill = $1 and session_hash = $2 and session_until > clock_timestamp()",
        static row => row.Get<bool>("open"),
        stop,
        bill,
        Hash(bill, token));

    /// <summary>Deletes what no longer counts.</summary>
    /// <returns>The number of rows; if it is <paramref name="limit"/>, there may be more.</returns>
    public Task<int> Forget(int limit, CancellationToken stop) => database.Execute(
        """
        delete from shopper_codes where bill = any(array(
          select bill from shopper_codes where day_from < statement_timestamp() - interval '2 days' and coalesce(session_until, sent_at) < statement_timestamp() - interval '1 day' limit $1))
        """,
        stop,
        limit);

    // With the bill, so that equal codes of two bills are not equal in the table.
    private static byte[] Hash(long bill, string secret)
    {
        var bytes = new byte[sizeof(long) + Encoding.UTF8.GetByteCount(secret)];
        BinaryPrimitives.WriteInt64BigEndian(bytes, bill);
        Encoding.UTF8.GetBytes(secret, bytes.AsSpan(sizeof(long)));
        return SHA256.HashData(bytes);
    }
}
