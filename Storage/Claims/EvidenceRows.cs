using System.Security.Cryptography;
using Lakala.Rules.Claims;
using Lakala.Rules.Trades;
using Lakala.Storage.Postgres;
using Lakala.Vocabulary;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Lakala.Storage.Claims;

/// <param name="Place">1 to 5, of its side.</param>
/// <param name="Type">What the bytes are, such as image/png.</param>
/// <param name="Sha256">32 bytes.</param>
public sealed record EvidenceRow(long Claim, Side Side, int Place, string Type, int Bytes, byte[] Sha256, DateTimeOffset AddedAt);

/// <param name="Type">Checked when it was stored.</param>
public sealed record EvidenceContent(string Type, byte[] Bytes);

/// <param name="Row">Null when it is refused.</param>
public sealed record EvidenceOutcome(EvidenceRow? Row, Refusal? Refusal);

/// <summary>Pictures and documents that both sides add to a claim.</summary>
public sealed class EvidenceRows([FromKeyedServices(Database.Visitors)] NpgsqlDataSource database)
{
    private const string Columns = "e.claim, e.side, e.place, e.type, octet_length(e.bytes) as size, e.sha256, e.added_at";

    /// <summary>Adds a file while the claim is open. The same file again is the one that is there.</summary>
    public Task<EvidenceOutcome> Add(long claim, Side side, byte[] bytes) =>
        bytes.Length > EvidenceFile.MostBytes ? Task.FromResult(new EvidenceOutcome(null, Refusal.EvidenceTooLarge))
        : EvidenceFile.FindType(bytes) is not { } type ? Task.FromResult(new EvidenceOutcome(null, Refusal.EvidenceUnreadable))
        : database.Commit(async connection =>
        {
            var state = await connection.First(
                "select state from claims where id = $1 for no key update", static row => row.Get<string>("state"), CancellationToken.None, claim);
            if (state is null || StateNames.ParseClaim(state) is ClaimState.Agreed or ClaimState.Judged or ClaimState.Withdrawn)
            {
                return new EvidenceOutcome(null, state is null ? Refusal.TradeNotClaimed : Refusal.ClaimOver);
            }

            var there = await List(connection, claim, side);
            var hash = SHA256.HashData(bytes);
            if (there.FirstOrDefault(row => row.Sha256.AsSpan().SequenceEqual(hash)) is { } known)
            {
                return new EvidenceOutcome(known, null);
            }

            if (there.Count >= EvidenceFile.MostOfSide)
            {
                return new EvidenceOutcome(null, Refusal.EvidenceFull);
            }

            var added = await connection.First(
                $"""
                insert into evidence as e (claim, side, place, type, bytes, sha256, added_at) values ($1, $2, $3, $4, $5, $6, clock_timestamp()) returning {Columns}
                """,
                Read,
                CancellationToken.None,
                claim,
                StateNames.Format(side),
                (short)(there.Count + 1),
                type,
                bytes,
                hash);
            return new EvidenceOutcome(added, null);
        });

    /// <summary>The files of a claim, without their bytes: the shopper's first.</summary>
    public async Task<IReadOnlyList<EvidenceRow>> List(long claim, CancellationToken stop) =>
        await database.List($"select {Columns} from evidence e where e.claim = $1 order by e.side desc, e.place", Read, stop, claim);

    /// <summary>One file, with the type that its bytes have.</summary>
    /// <returns>Null: there is none.</returns>
    public Task<EvidenceContent?> Read(long claim, Side side, int place, CancellationToken stop) => database.First(
        "select e.type, e.bytes from evidence e where e.claim = $1 and e.side = $2 and e.place = $3",
        static row => new EvidenceContent(row.Get<string>("type"), row.Get<byte[]>("bytes")),
        stop,
        claim,
        StateNames.Format(side),
        place);

    private static Task<IReadOnlyList<EvidenceRow>> List(NpgsqlConnection connection, long claim, Side side) => connection.List(
        $"select {Columns} from evidence e where e.claim = $1 and e.side = $2 order by e.place", Read, CancellationToken.None, claim, StateNames.Format(side));

    private static EvidenceRow Read(NpgsqlDataReader row) => new(
        row.Get<long>("claim"),
        StateNames.ParseSide(row.Get<string>("side")),
        row.Get<short>("place"),
        row.Get<string>("type"),
        row.Get<int>("size"),
        row.Get<byte[]>("sha256"),
        row.Get<DateTimeOffset>("added_at"));
}
