using System.Globalization;
using System.Text;
using Lakala.Wire.Cards;

namespace Lakala.Wire.Iso8583;

/// <summary>A message is not valid. Names the field and the reason, never the content.</summary>
/// <param name="spec">The profile that names the field.</param>
public sealed class Iso8583Exception(Iso8583Spec spec, int field, string why)
    : Exception(field == 0 ? why : $"Field {field} ({spec.Find(field)?.Name ?? "unknown"}): {why}")
{
    /// <summary>A fault in a message of our own profile.</summary>
    public Iso8583Exception(int field, string why)
        : this(Iso8583Spec.Lakala, field, why)
    {
    }

    /// <summary>0 for the message as a whole.</summary>
    public int Field { get; } = field;
}

/// <summary>A message type and its fields. Its <c>ToString</c> is masked.</summary>
public sealed class Iso8583Message
{
    private const int UsualFields = 16;

    private (int Number, string? Text, byte[]? Bytes)[] _fields = new (int, string?, byte[]?)[UsualFields];
    private int _count;

    /// <param name="spec">The profile by which it is written and read.</param>
    /// <param name="mti">Message type indicator, four digits.</param>
    public Iso8583Message(Iso8583Spec spec, string mti) => (Spec, Mti) = (spec, mti);

    public Iso8583Spec Spec { get; }

    public string Mti { get; }

    /// <summary>The present fields in ascending order.</summary>
    internal ReadOnlySpan<(int Number, string? Text, byte[]? Bytes)> Fields => _fields.AsSpan(0, _count);

    public bool Has(int field) => Find(field) >= 0;

    public string? Text(int field) => Find(field) is var at and >= 0 ? _fields[at].Text : null;

    public byte[]? Bytes(int field) => Find(field) is var at and >= 0 ? _fields[at].Bytes : null;

    /// <exception cref="Iso8583Exception">The field is absent.</exception>
    public string Require(int field) => Text(field) ?? throw new Iso8583Exception(Spec, field, "is missing");

    /// <exception cref="Iso8583Exception">The field is absent.</exception>
    public long RequireNumber(int field) => long.Parse(Require(field), NumberStyles.None, CultureInfo.InvariantCulture);

    /// <summary>Null leaves the field out.</summary>
    public Iso8583Message Set(int field, string? value) => value is null ? this : Put(field, value, null);

    /// <summary>Null leaves the field out.</summary>
    public Iso8583Message Set(int field, byte[]? value) => value is null ? this : Put(field, null, value);

    /// <summary>A number, filled with zeros to the field's length.</summary>
    /// <exception cref="Iso8583Exception">It is negative, or has more digits than the field.</exception>
    public Iso8583Message Set(int field, long value)
    {
        // Without a format string, which would be made and read again for each number.
        Span<char> digits = stackalloc char[Spec.Find(field)!.MaxLength];
        var rest = value;
        for (var i = digits.Length - 1; i >= 0; i--)
        {
            (rest, digits[i]) = (rest / 10, (char)('0' + rest % 10));
        }

        return value >= 0 && rest == 0
            ? Put(field, new string(digits), null)
            : throw new Iso8583Exception(Spec, field, $"holds a number that does not fit into {digits.Length} digits");
    }

    public override string ToString()
    {
        var text = new StringBuilder(Mti);
        foreach (var (number, value, bytes) in Fields)
        {
            var spec = Spec.Find(number);
            text.Append(' ').Append(number).Append('=').Append(spec?.Sensitivity switch
            {
                Sensitivity.None when value is not null => value,
                Sensitivity.None => $"[{bytes!.Length} bytes]",
                Sensitivity.Masked => Pan.Mask(value!),
                _ => $"[{value?.Length ?? bytes!.Length} hidden]",
            });
        }

        return text.ToString();
    }

    private int Find(int field)
    {
        for (var i = 0; i < _count; i++)
        {
            if (_fields[i].Number == field)
            {
                return i;
            }
        }

        return -1;
    }

    private Iso8583Message Put(int field, string? text, byte[]? bytes)
    {
        var at = _count;
        while (at > 0 && _fields[at - 1].Number >= field)
        {
            at--;
        }

        if (at < _count && _fields[at].Number == field)
        {
            _fields[at] = (field, text, bytes);
            return this;
        }

        if (_count == _fields.Length)
        {
            Array.Resize(ref _fields, _count * 2);
        }

        Array.Copy(_fields, at, _fields, at + 1, _count - at);
        _fields[at] = (field, text, bytes);
        _count++;
        return this;
    }
}
