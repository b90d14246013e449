using System.Globalization;
using CsvHelper;
using CsvHelper.Configuration;
using Lakala.Rules.Trades;
using Lakala.Silo.Merchants;
using Lakala.Storage;

namespace Lakala.Silo.MerchantPages;

/// <param name="Number">Of the line in the file, from 1.</param>
/// <param name="Name">The bill or the order that it names.</param>
/// <param name="Method">Null: as the bill says.</param>
/// <param name="Fault">Why the line cannot be taken; null: it can.</param>
internal sealed record ParcelLine(int Number, string Name, DeliveryMethod? Method, string Carrier, string TrackingNumber, string? Fault);

/// <summary>Reads a file of parcels: each line is right, or says what is wrong with it.</summary>
internal static class ParcelFile
{
    public const int MostLines = 1_000;

    private const string Bill = "bill", Order = "order", Method = "method", Carrier = "carrier", TrackingNumber = "tracking_number";

    private static readonly string[] Known = [Bill, Order, Method, Carrier, TrackingNumber];

    /// <returns>The lines; or why there are none.</returns>
    public static (IReadOnlyList<ParcelLine> Lines, string? Fault) Read(string csv, MerchantTexts texts)
    {
        var (lines, places, quotes) = (new List<ParcelLine>(), new Dictionary<string, int>(StringComparer.Ordinal), new HashSet<int>());
        using var reader = new CsvReader(new StringReader(csv), new CsvConfiguration(CultureInfo.InvariantCulture)
        {
            TrimOptions = TrimOptions.Trim,
            MissingFieldFound = null,
            BadDataFound = bad => quotes.Add(bad.Context.Parser!.RawRow),
        });
        if (!reader.Read() || !reader.ReadHeader() || reader.HeaderRecord is not { } columns
            || columns.Any(column => !Known.Contains(column)) || columns.Distinct().Count() != columns.Length
            || columns.Contains(Bill) == columns.Contains(Order) || !columns.Contains(Carrier) || !columns.Contains(TrackingNumber))
        {
            return ([], texts.BadColumns);
        }

        while (reader.Read())
        {
            if (lines.Count == MostLines)
            {
                return ([], texts.ManyLines);
            }

            var number = reader.Context.Parser!.RawRow;
            var name = (columns.Contains(Bill) ? reader.GetField(Bill) : reader.GetField(Order)) ?? "";
            var (method, parcel) = (reader.GetField(Method) ?? "", new ShipOrder(reader.GetField(Carrier) ?? "", reader.GetField(TrackingNumber) ?? ""));
            var fault = quotes.Contains(number) ? texts.LineQuote
                : reader.Parser.Count != columns.Length ? MerchantTexts.Fill(texts.LineColumns, reader.Parser.Count, columns.Length)
                : method.Length > 0 && StateNames.FindDeliveryMethod(method) is null ? texts.LineMethod
                : parcel.Check() is not null ? texts.BadParcel
                : places.TryGetValue(name, out var first) ? MerchantTexts.Fill(texts.LineTwice, first)
                : null;
            places.TryAdd(name, number);
            lines.Add(new ParcelLine(number, name, method.Length > 0 ? StateNames.FindDeliveryMethod(method) : null, parcel.Carrier, parcel.TrackingNumber, fault));
        }

        return lines.Count == 0 ? ([], texts.NoLines) : (lines, null);
    }
}
