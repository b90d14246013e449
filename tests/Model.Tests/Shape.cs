using System.Globalization;
using Lakala.Rules.Bills;
using Lakala.Storage;
using Lakala.Storage.Bills;
using Lakala.Storage.Swipes;

namespace Lakala.Model.Tests;

/// <summary>Outcomes and rows as text that is the same on both sides: times in whole minutes since the beginning.</summary>
public sealed class Shape(DateTimeOffset origin)
{
    public string Of(StartOutcome? outcome) => outcome switch
    {
        null => "undecided",
        StartOutcome.Started started => $"started {Of(started.Bill)} rates {started.Rates} at {Minute(started.StartedAt)}",
        StartOutcome.KeyKnown known => $"known {Of(known.Row)}",
        StartOutcome.Refused refused => $"refused {refused.Reason} {Of(refused.Bill)}",
        _ => throw new ArgumentOutOfRangeException(nameof(outcome)),
    };

    public string Of(FinishOutcome? outcome) =>
        outcome is null ? "undecided" : outcome.Found is { } found ? $"found {Of(found)}" : "moved";

    /// <summary>After an insert the row is known only from the item.</summary>
    public string Of(AttemptRow? row, CloseKey item) => row?.Id == item.Id
        ? $"closed {row.Key} {row.State} {row.ResponseCode} {row.Reason} {row.Bill} {row.Amount} {row.MaskedPan} {row.Rrn}"
        : Of(row);

    public string Of(CloseOutcome? outcome) =>
        outcome is null ? "undecided" : $"{(outcome.Closed ? "closed" : "not closed")}, before {Of(outcome.Before)} as of {Minute(outcome.AsOf)}";

    public string Of(BillSeen? seen) => seen is null ? "undecided" : $"{Of(seen.Row)} as of {Minute(seen.AsOf)}";

    public string Of(ReversalRow row) =>
        $"{row.Rrn} {row.Terminal} {row.Stan} {row.Store} {row.Amount} {row.Currency} {Minute(row.StartedAt)} tries {row.Tries}";

    public string Of(AttemptRow? row) => row is null ? "none" : string.Join(
        ' ',
        row.Key, row.Id, row.State, row.Bill, row.Amount, row.MaskedPan, row.Store, row.Rrn, row.Rates, Minute(row.StartedAt), Minute(row.SettledAt),
        row.ResponseCode, row.Reason, row.AuthorisationCode, row.Payee, row.OrderId);

    public string Of(BillRow? row) => row is null ? "no bill" : string.Join(
        ' ',
        row.Number, row.MerchantId, row.MerchantName, row.OrderId, row.Bill.State, row.Bill.Amount, Minute(row.Bill.ExpiresAt), Minute(row.Bill.HeldUntil),
        row.Bill.Holds, row.Payment is { } paid ? $"{Minute(paid.PaidAt)} {paid.Rrn} {paid.AuthorisationCode} {paid.MaskedCard} {paid.Store} {paid.Terminal}" : "-",
        Minute(row.ClosedAt));

    /// <summary>In the form of <see cref="RealBooks.Rows"/>.</summary>
    public IReadOnlyList<string> Rows(ModelBooks books)
    {
        var all = new List<string>();
        all.AddRange(books.Bills.Values.Select(row => Line(
            "bill", row.Number, StateNames.Format(row.Bill.State), Minute(row.Bill.ExpiresAt), Minute(row.Bill.HeldUntil), row.Bill.Holds,
            row.Payment is { } paid ? long.Parse(paid.Rrn, CultureInfo.InvariantCulture) : null, Minute(row.ClosedAt),
            Flag(row.Bill.State is BillState.Open or BillState.Paying or BillState.Paid), Flag(books.Watched.Contains(row.Number)))));
        all.AddRange(books.Attempts.Values.Select(attempt => Line(
            "attempt", attempt.Row.Key.Terminal, attempt.Row.Key.Batch, attempt.Row.Key.Stan, attempt.Row.Id, StateNames.Format(attempt.Row.State), attempt.Row.Bill,
            attempt.Row.Amount?.Minor, attempt.Row.MaskedPan, attempt.Row.Store, attempt.Row.Rrn, attempt.Row.Rrn is null ? null : attempt.Row.Rates.FeeBasisPoints,
            attempt.Row.Rrn is null ? null : attempt.Row.Rates.CommissionPercent, Minute(attempt.Row.StartedAt), Minute(attempt.Deadline),
            Minute(attempt.Row.SettledAt), attempt.Row.ResponseCode, (int?)attempt.Row.Reason, attempt.Row.AuthorisationCode)));
        all.AddRange(books.Postings.Select(line => Line(
            "posting", line.Rrn, line.Line, line.Account, line.Amount, line.Currency)));
        all.AddRange(books.Reversals.Values.Select(reversal => Line(
            "reversal", reversal.Row.Rrn, reversal.Row.Terminal, reversal.Row.Stan, reversal.Row.Store, reversal.Row.Amount, reversal.Row.Currency,
            Minute(reversal.Row.StartedAt), reversal.Row.Tries, Minute(reversal.DueAt), Flag(reversal.IsAcknowledged))));
        all.AddRange(books.Events.Select(happened => Line("event", happened.Id, happened.Merchant, happened.Type, happened.Bill, happened.Data)));
        all.AddRange(books.Deliveries.Select(delivery => Line("delivery", delivery.Event, delivery.Endpoint, delivery.Merchant)));
        all.AddRange(books.LateAnswers.Select(late => Line("late", late.Rrn, late.ResponseCode, late.AuthorisationCode, Flag(late.IsJudged))));
        all.Sort(string.CompareOrdinal);
        return all;
    }

    private static string Line(params object?[] values) => string.Join(' ', values.Select(value => value ?? "-"));

    private static string Flag(bool value) => value ? "t" : "f";

    private string? Minute(DateTimeOffset? at) =>
        at is { } moment ? ((long)Math.Round((moment - origin).TotalMinutes)).ToString(CultureInfo.InvariantCulture) : null;
}
