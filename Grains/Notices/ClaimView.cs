using System.Buffers;
using System.Text;
using System.Text.Json;
using Lakala.Storage;
using Lakala.Storage.Claims;
using Lakala.Vocabulary;

namespace Lakala.Grains.Notices;

/// <summary>The only JSON form of a claim, for the merchant API and the data of its events.</summary>
public static class ClaimView
{
    public static string Json(ClaimRow claim)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var json = new Utf8JsonWriter(buffer, BillView.Options))
        {
            Write(json, claim);
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static void Write(Utf8JsonWriter json, ClaimRow row)
    {
        var claim = row.Claim;
        json.WriteStartObject();
        json.WriteString("id"u8, Rrn.ToText(row.Id));
        json.WriteString("bill"u8, row.BillNumber.ToString());
        json.WriteString("status"u8, StateNames.Format(claim.State));
        json.WriteString("kind"u8, StateNames.Format(claim.Kind));
        json.WriteNumber("amount"u8, claim.Amount);
        json.WriteString("currency"u8, row.Currency);
        json.WriteBoolean("after_sale"u8, claim.IsAfterSale);
        WriteNumber(json, "offer"u8, claim.Offer);
        WriteNumber(json, "granted"u8, claim.Granted);
        json.WriteString("reason"u8, row.Reason);
        WriteText(json, "answer"u8, row.Answer);
        WriteText(json, "appeal"u8, row.Appeal);
        WriteText(json, "ruling"u8, row.Ruling);
        WriteText(json, "return_carrier"u8, claim.Parcel?.Carrier);
        WriteText(json, "return_tracking_number"u8, claim.Parcel?.TrackingNumber);
        WriteText(json, "refund"u8, row.Refund is { } refund ? Rrn.ToText(refund) : null);
        WriteText(json, "compensation"u8, row.Compensation is { } compensation ? Rrn.ToText(compensation) : null);
        BillView.WriteTime(json, "opened_at"u8, row.OpenedAt);
        BillView.WriteTime(json, "due_at"u8, claim.DueAt);
        BillView.WriteTime(json, "ended_at"u8, claim.IsOver ? claim.Since : null);
        json.WriteEndObject();
    }

    private static void WriteNumber(Utf8JsonWriter json, ReadOnlySpan<byte> name, long? value)
    {
        if (value is { } number)
        {
            json.WriteNumber(name, number);
        }
    }

    private static void WriteText(Utf8JsonWriter json, ReadOnlySpan<byte> name, string? value)
    {
        if (value is not null)
        {
            json.WriteString(name, value);
        }
    }
}
