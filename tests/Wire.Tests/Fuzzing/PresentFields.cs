using Lakala.Wire.Iso8583;

namespace Lakala.Wire.Tests.Fuzzing;

internal static class PresentFields
{
    /// <summary>All present fields, in ascending order.</summary>
    public static readonly FieldSpec[] Specs =
        [.. Enumerable.Range(2, Iso8583Spec.MaxField - 1).Select(Iso8583Spec.Lakala.Find).OfType<FieldSpec>()];

    public static List<(int Number, string? Text, byte[]? Bytes)> Of(Iso8583Message message)
    {
        var fields = new List<(int, string?, byte[]?)>(Specs.Length);
        foreach (var spec in Specs)
        {
            if (message.Has(spec.Number))
            {
                fields.Add((spec.Number, message.Text(spec.Number), message.Bytes(spec.Number)));
            }
        }

        return fields;
    }
}
