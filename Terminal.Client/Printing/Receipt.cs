using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Lakala.Terminal.Client.Journals;
using Lakala.Terminal.Client.Setup;
using Lakala.Terminal.Client.Words;
using Lakala.Vocabulary;
using Lakala.Wire.Iso8583;

namespace Lakala.Terminal.Client.Printing;

/// <summary>Why a receipt is printed.</summary>
public enum Print
{
    Original,

    /// <summary>The original may be on paper already.</summary>
    Duplicate,

    /// <summary>The clerk has asked for it again.</summary>
    Reprint,
}

/// <param name="Text">At most <see cref="Receipt.Columns"/> columns.</param>
/// <param name="IsLarge">Printed at double height.</param>
public readonly record struct SlipLine(string Text, bool IsLarge = false);

/// <summary>One piece of paper; as text, and in JSON, it is its lines.</summary>
/// <param name="Bill">Printed below the text as a barcode.</param>
[JsonConverter(typeof(SlipJson))]
public sealed record ReceiptSlip(IReadOnlyList<SlipLine> Lines, string Bill)
{
    public override string ToString() => string.Concat(Lines.Select(line => line.Text + '\n'));
}

/// <summary>Receipts of 32 columns, for a 58 mm printer.</summary>
public static class Receipt
{
    public const int Columns = 32;

    private static readonly string Rule = new('-', Columns);

    /// <summary>All copies of a swipe: for customer and merchant when it is paid, otherwise a slip for the customer.</summary>
    public static IReadOnlyList<ReceiptSlip> ComposeSlips(JournaledSwipe swipe, Print print, TerminalTexts texts, NetworkParameters? parameters = null) =>
        swipe.IsApproved && parameters?.Copies != 1
            ? [ComposeCopy(swipe, print, texts.CustomerCopy, texts, parameters), ComposeCopy(swipe, print, texts.MerchantCopy, texts, parameters)]
            : [ComposeCopy(swipe, print, texts.CustomerCopy, texts, parameters)];

    /// <summary>The report at the end of a batch.</summary>
    public static ReceiptSlip ComposeBatchReport(BatchReport report, TerminalSetup setup, string? storeName, DateTimeOffset now, TerminalTexts texts, Print print = Print.Original)
    {
        var paper = new Paper();
        paper.Centre(storeName);
        paper.Line(Rule);
        paper.Centre(texts.BatchClose, isLarge: true);
        paper.Centre(print == Print.Reprint ? texts.Reprint : null);
        paper.Pair(texts.Store, setup.Store);
        paper.Pair(texts.Terminal, setup.Terminal);
        paper.Pair(texts.Batch, report.Batch.ToString("D6", CultureInfo.InvariantCulture));
        paper.Pair(texts.Time, Time(now));
        paper.Line(Rule);
        paper.Pair(texts.Payments, report.Count.ToString(CultureInfo.InvariantCulture));
        paper.Pair(texts.Amount, Amount(report.Amount, CurrencyCode.Cny), isLarge: true);
        if (report.HasRefunds)
        {
            paper.Pair(texts.Refunds, report.Refunds.ToString(CultureInfo.InvariantCulture));
            paper.Pair(texts.Refunded, Amount(report.Refunded, CurrencyCode.Cny));
        }

        paper.Line(Rule);
        if (report.Agreed)
        {
            paper.Centre(texts.BatchAgrees);
        }
        else
        {
            paper.Pair(texts.ServerPayments, report.ServerCount.ToString(CultureInfo.InvariantCulture));
            paper.Pair(texts.ServerAmount, Amount(report.ServerAmount, CurrencyCode.Cny));
            if (report.HasRefunds)
            {
                paper.Pair(texts.ServerRefunds, report.ServerRefunds.ToString(CultureInfo.InvariantCulture));
                paper.Pair(texts.ServerRefunded, Amount(report.ServerRefunded, CurrencyCode.Cny));
            }

            paper.Text(texts.BatchDiffers);
            foreach (var difference in report.Differences)
            {
                paper.Pair($"{texts.Stan} {difference.Stan:D6}", $"{Shown(difference.TerminalAmount)} / {Shown(difference.ServerAmount)}");
            }
        }

        return new ReceiptSlip(paper.Lines, "");

        static string Shown(long? amount) => amount is { } minor ? Amount(minor, CurrencyCode.Cny) : "-";
    }

    public static string CurrencyName(int currency) => currency == CurrencyCode.Cny ? "CNY" : $"{currency:D3}";

    public static string Amount(long minor, int currency) => $"{CurrencyName(currency)} {Money.Figure(minor)}";

    // The label names the zone.
    private static string Time(DateTimeOffset at) => BeijingTime.Convert(at).ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);

    private static ReceiptSlip ComposeCopy(JournaledSwipe swipe, Print print, string copy, TerminalTexts texts, NetworkParameters? parameters)
    {
        var (pending, result) = (swipe.Pending, swipe.Result);
        var isPaid = swipe.Outcome == Outcome.Approved;
        var isOrdered = swipe.Outcome == Outcome.Ordered;
        var paper = new Paper();
        paper.Centre(result?.Payee ?? pending.Payee);
        paper.Centre(pending.StoreName);
        paper.Line(Rule);
        paper.Centre(pending.IsRefund ? texts.Refund : null, isLarge: true);
        paper.Centre(result is null ? texts.Unknown : isPaid ? texts.Paid : isOrdered ? null : pending.IsRefund ? texts.NotRefunded : texts.NotPaid, isLarge: true);
        paper.Centre(print switch { Print.Duplicate => texts.Duplicate, Print.Reprint => texts.Reprint, _ => null });
        paper.Pair(texts.Store, pending.Store);
        paper.Pair(texts.Terminal, pending.Terminal);
        paper.Pair(texts.Clerk, pending.Clerk);
        paper.Pair(texts.Supervisor, pending.Supervisor);
        paper.Pair(texts.Bill, pending.Bill);
        paper.Pair(texts.Order, result?.OrderId ?? pending.OrderId);
        paper.Pair(texts.Card, result?.MaskedCard ?? pending.MaskedCard);
        paper.Pair(texts.Entry, texts.EntryMode(pending.EntryMode));
        paper.Pair(texts.Time, Time(result?.PaidAt ?? pending.At));
        paper.Pair(texts.Batch, pending.Key.Batch.ToString("D6", CultureInfo.InvariantCulture));
        paper.Pair(texts.Stan, pending.Key.Stan.ToString("D6", CultureInfo.InvariantCulture));
        paper.Pair(texts.PaymentRrn, pending.RefundOf);
        paper.Pair(pending.IsRefund ? texts.RefundRrn : texts.Rrn, result?.Rrn);
        paper.Pair(texts.Authorisation, result?.AuthorisationCode);
        paper.Pair(texts.Response, result?.ResponseCode);
        paper.Line(Rule);
        paper.Pair(texts.Amount, Amount(pending.Amount, pending.Currency), isLarge: true);
        if (isPaid)
        {
            paper.Centre(texts.PinVerified);
        }

        if (isPaid && pending.IsFeeKept)
        {
            paper.Line(Rule);
            paper.Text(texts.FeeKept);
        }

        if (isPaid && pending is { ShipWithinSeconds: { } ship, CheckWithinSeconds: { } check })
        {
            paper.Line(Rule);
            paper.Centre(texts.Guarantee);
            paper.Text(texts.GuaranteeHint);
            paper.Pair(texts.ShipsWithin, texts.Duration(ship));
            paper.Pair(texts.CheckWithin, texts.Duration(check));
            if (result!.ReceiptCode is { Length: > 0 } code && copy == texts.CustomerCopy)
            {
                paper.Pair(texts.YourCode, $"{code[..(code.Length / 2)]} {code[(code.Length / 2)..]}", isLarge: true);
                paper.Text(texts.YourCodeHint);
            }
        }

        paper.Text(result is null ? pending.IsRefund ? texts.DoNotRefundAgain : texts.DoNotPayAgain
            : isPaid ? null
            : isOrdered ? texts.OfRefund(result.IsWaiting, pending.MaskedCard, result.Rrn ?? "")
            : result.CustomerText ?? (pending.IsRefund ? texts.RefundNotSent : texts.NotSent));
        paper.Line(Rule);
        paper.Centre(copy);
        paper.Centre(parameters?.Footer(texts));
        return new ReceiptSlip(paper.Lines, pending.Bill);
    }

    /// <summary>Lines of fixed width, measured as the printer prints them.</summary>
    private sealed class Paper
    {
        private readonly List<SlipLine> _lines = [];

        public IReadOnlyList<SlipLine> Lines => _lines;

        public void Line(string line, bool isLarge = false) => _lines.Add(new SlipLine(line, isLarge));

        public void Centre(string? text, bool isLarge = false)
        {
            foreach (var line in Wrap(text))
            {
                Line(new string(' ', (Columns - Width(line)) / 2) + line, isLarge);
            }
        }

        public void Text(string? text)
        {
            foreach (var line in Wrap(text))
            {
                Line(line);
            }
        }

        /// <summary>Label at the left, value at the right; a long value goes below its label.</summary>
        public void Pair(string label, string? value, bool isLarge = false)
        {
            if (value is null)
            {
                return;
            }

            var shown = TextColumns.Clean(value);
            var room = Columns - Width(label) - Width(shown);
            if (room > 0)
            {
                Line(label + new string(' ', room) + shown, isLarge);
                return;
            }

            Line(label);
            foreach (var line in Wrap(shown))
            {
                Line(new string(' ', Columns - Width(line)) + line);
            }
        }

        private static IEnumerable<string> Wrap(string? text) => TextColumns.Wrap(text, Columns, EscPos.Columns);

        private static int Width(string text) => TextColumns.Measure(text, EscPos.Columns);
    }
}

internal sealed class SlipJson : JsonConverter<ReceiptSlip>
{
    public override ReceiptSlip Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        throw new NotSupportedException("A slip is printed, never read.");

    public override void Write(Utf8JsonWriter writer, ReceiptSlip value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString());
}
