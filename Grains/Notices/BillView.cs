using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Lakala.Rules.Ledger;
using Lakala.Rules.Trades;
using Lakala.Storage;
using Lakala.Storage.Bills;
using Lakala.Vocabulary;

namespace Lakala.Grains.Notices;

/// <summary>The only JSON form of a bill, for the merchant API and the data of every event.</summary>
public static class BillView
{
    // This text is never put into HTML, so other alphabets are not escaped: they stay readable and short.
    internal static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    [ThreadStatic]
    private static Scratch? OfThread;

    public static string Json(BillRow row, BillPageAddress pages)
    {
        var scratch = OfThread ??= new Scratch();
        scratch.Start();
        Write(scratch.Json, row, pages);
        return scratch.Finish();
    }

    /// <summary>The body of a notice: the event's type and time, and its stored data.</summary>
    /// <param name="data">A JSON value.</param>
    public static byte[] EventBody(string type, DateTimeOffset timestamp, string data)
    {
        var buffer = new ArrayBufferWriter<byte>(data.Length + 128);
        using (var json = new Utf8JsonWriter(buffer, Options))
        {
            json.WriteStartObject();
            json.WriteString("type"u8, type);
            WriteTime(json, "timestamp"u8, timestamp);
            json.WritePropertyName("data"u8);
            json.WriteRawValue(data, skipInputValidation: true);
            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    private static void Write(Utf8JsonWriter json, BillRow row, BillPageAddress pages)
    {
        json.WriteStartObject();
        json.WriteString("number"u8, row.BillNumber.ToString());
        json.WriteString("status"u8, StateNames.Format(row.Bill.State));
        json.WriteNumber("amount"u8, row.Bill.Amount.Minor);
        json.WriteString("currency"u8, row.Bill.Amount.Currency);
        json.WriteString("order_id"u8, row.OrderId);
        json.WriteString("description"u8, row.Description);
        json.WritePropertyName("metadata"u8);
        json.WriteRawValue(row.Metadata ?? "{}", skipInputValidation: true);
        json.WriteString("pay_url"u8, pages.PayUrl(row));
        WriteTime(json, "expires_at"u8, row.Bill.ExpiresAt);
        WriteTime(json, "created_at"u8, row.CreatedAt);
        json.WriteString("settlement"u8, row.Escrow is null ? Settlements.Direct : Settlements.Escrow);
        json.WriteString("fee_on_refund"u8, row.FeeOnRefund == FeeOnRefund.Kept ? FeesOnRefund.Kept : FeesOnRefund.Returned);
        if (row.Payment is { } payment)
        {
            WritePayment(json, payment);
            json.WriteNumber("refunded"u8, row.Refunded);
        }

        if (row.Escrow is { } escrow)
        {
            WriteEscrow(json, escrow, row.Trade);
        }

        json.WriteEndObject();
    }

    private static void WritePayment(Utf8JsonWriter json, Payment payment)
    {
        json.WriteStartObject("payment"u8);
        WriteTime(json, "paid_at"u8, payment.PaidAt);
        json.WriteString("rrn"u8, payment.Rrn);
        json.WriteString("authorisation_code"u8, payment.AuthorisationCode);
        json.WriteString("masked_card"u8, payment.MaskedCard);
        json.WriteString("store"u8, payment.Store);
        json.WriteString("terminal"u8, payment.Terminal);
        json.WriteEndObject();
    }

    private static void WriteEscrow(Utf8JsonWriter json, EscrowTerms terms, Trade? trade)
    {
        json.WriteString("delivery"u8, StateNames.Format(terms.Delivery));
        json.WriteNumber("ship_within_seconds"u8, (long)terms.ShipWithin.TotalSeconds);
        json.WriteNumber("confirm_within_seconds"u8, (long)terms.ConfirmWithin.TotalSeconds);
        if (trade is null)
        {
            return;
        }

        WriteTime(json, "ship_by"u8, trade.ShipBy);
        WriteTime(json, "confirm_by"u8, trade.ConfirmBy);
        json.WriteStartObject("trade"u8);
        json.WriteString("status"u8, StateNames.Format(trade.State));
        json.WriteNumber("held"u8, trade.Held);
        json.WriteNumber("released"u8, trade.Released);
        json.WriteBoolean("ship_overdue"u8, trade.IsOverdue);
        json.WriteBoolean("stopped"u8, trade.FrozenBy is not null);
        if (trade.Shipping is { } shipping)
        {
            json.WriteString("method"u8, StateNames.Format(shipping.Method));
            json.WriteString("carrier"u8, shipping.Carrier);
            json.WriteString("tracking_number"u8, shipping.TrackingNumber);
        }

        WriteTime(json, "shipped_at"u8, trade.ShippedAt);
        WriteTime(json, "ended_at"u8, trade.EndedAt);
        json.WriteEndObject();
    }

    internal static void WriteTime(Utf8JsonWriter json, ReadOnlySpan<byte> name, DateTimeOffset? time)
    {
        if (time is { } at)
        {
            WriteTime(json, name, at);
        }
    }

    // RFC 3339 in UTC with milliseconds: the round-trip format, cut.
    internal static void WriteTime(Utf8JsonWriter json, ReadOnlySpan<byte> name, DateTimeOffset time)
    {
        const int ToMilliseconds = 23;
        Span<byte> text = stackalloc byte[32];
        time.UtcDateTime.TryFormat(text, out _, "O", CultureInfo.InvariantCulture);
        text[ToMilliseconds] = (byte)'Z';
        json.WriteString(name, text[..(ToMilliseconds + 1)]);
    }

    // One for each thread: a settled swipe renders its bill once, on the commit path.
    private sealed class Scratch
    {
        private readonly ArrayBufferWriter<byte> _buffer = new(2048);

        public Scratch() => Json = new Utf8JsonWriter(_buffer, Options);

        public Utf8JsonWriter Json { get; }

        // Cleared at the start, because a failed rendering leaves its bytes.
        public void Start()
        {
            _buffer.ResetWrittenCount();
            Json.Reset();
        }

        public string Finish()
        {
            Json.Flush();
            return Encoding.UTF8.GetString(_buffer.WrittenSpan);
        }
    }
}
