namespace Lakala.Wire.Iso8583;

/// <summary>How much of a field may be in prints, logs and exception texts.</summary>
public enum Sensitivity
{
    None,

    /// <summary>A card number: first six and last four digits.</summary>
    Masked,

    /// <summary>Only its presence and its length.</summary>
    Secret,
}

public enum FieldFormat
{
    /// <summary>n: digits.</summary>
    Numeric,

    /// <summary>an, ans: printable ASCII.</summary>
    Text,

    /// <summary>z: track 2 code set, ISO 7813.</summary>
    Track2,

    /// <summary>b: bytes.</summary>
    Binary,
}

/// <summary>The encoding of the digits of the message type and of n and z fields.</summary>
public enum DigitEncoding
{
    Ascii,

    /// <summary>Two in a byte; with an odd number the last nibble is zero. The separator of track 2 is the nibble D.</summary>
    Packed,
}

/// <summary>The encoding of the length before a field.</summary>
public enum LengthEncoding
{
    Ascii,

    /// <summary>One byte for two digits, two bytes for three.</summary>
    Packed,

    /// <summary>One byte for two digits, two bytes, big-endian, for three.</summary>
    Binary,
}

public enum BitmapEncoding
{
    Binary,

    /// <summary>ASCII, upper case.</summary>
    Hex,
}

/// <param name="LengthDigits">0 for a fixed length, 2 for LLVAR, 3 for LLLVAR; the length counts digits of n and z, else bytes.</param>
public sealed record FieldSpec(int Number, string Name, FieldFormat Format, int LengthDigits, int MaxLength, Sensitivity Sensitivity);

/// <summary>A profile of ISO 8583:1987: its fields and their encodings, as data. A further profile is one more instance.</summary>
public sealed class Iso8583Spec
{
    public const int MaxField = 128;

    /// <summary>The number under which a message has its header, see <see cref="HeaderLength"/>.</summary>
    public const int Header = 0;

    private readonly FieldSpec?[] _fields = new FieldSpec?[MaxField + 1];

    public Iso8583Spec(IEnumerable<FieldSpec> fields)
    {
        foreach (var field in fields)
        {
            _fields[field.Number] = field;
        }
    }

    /// <summary>Bytes before the message type, a TPDU for example. The MAC does not cover them.</summary>
    public int HeaderLength { get; init; }

    public DigitEncoding Digits { get; init; }

    public LengthEncoding Lengths { get; init; }

    public BitmapEncoding Bitmap { get; init; }

    /// <summary>
    /// The fields of both lines, in ASCII with binary bitmaps. Field 52 has 16 bytes, for PIN block format 4 of ISO 9564-1:
    /// ISO 8583:1987 has 8.
    /// </summary>
    public static Iso8583Spec Lakala { get; } = new(
    [
        new(2, "primary account number", FieldFormat.Numeric, 2, 19, Sensitivity.Masked),
        new(3, "processing code", FieldFormat.Numeric, 0, 6, Sensitivity.None),
        new(4, "amount", FieldFormat.Numeric, 0, 12, Sensitivity.None),
        new(7, "transmission date and time", FieldFormat.Numeric, 0, 10, Sensitivity.None),
        new(11, "system trace audit number", FieldFormat.Numeric, 0, 6, Sensitivity.None),
        new(12, "local time", FieldFormat.Numeric, 0, 6, Sensitivity.None),
        new(13, "local date", FieldFormat.Numeric, 0, 4, Sensitivity.None),
        new(22, "point of service entry mode", FieldFormat.Numeric, 0, 3, Sensitivity.None),
        new(32, "acquiring institution", FieldFormat.Numeric, 2, 11, Sensitivity.None),
        new(33, "forwarding institution", FieldFormat.Numeric, 2, 11, Sensitivity.None),
        new(35, "track 2 data", FieldFormat.Track2, 2, 37, Sensitivity.Secret),
        new(37, "retrieval reference number", FieldFormat.Text, 0, 12, Sensitivity.None),
        new(38, "authorisation code", FieldFormat.Text, 0, 6, Sensitivity.None),
        new(39, "response code", FieldFormat.Text, 0, 2, Sensitivity.None),
        new(41, "terminal", FieldFormat.Text, 0, 8, Sensitivity.None),
        new(42, "store", FieldFormat.Text, 0, 15, Sensitivity.None),
        new(48, "private data", FieldFormat.Binary, 3, 999, Sensitivity.None),
        new(49, "currency", FieldFormat.Numeric, 0, 3, Sensitivity.None),
        new(52, "PIN block", FieldFormat.Binary, 0, 16, Sensitivity.Secret),
        new(53, "security control information", FieldFormat.Numeric, 0, 16, Sensitivity.None),
        new(55, "chip data", FieldFormat.Binary, 3, 255, Sensitivity.Secret),
        new(64, "MAC", FieldFormat.Binary, 0, 8, Sensitivity.None),
        new(70, "network management code", FieldFormat.Numeric, 0, 3, Sensitivity.None),
        new(74, "number of credits", FieldFormat.Numeric, 0, 10, Sensitivity.None),
        new(75, "number of reversed credits", FieldFormat.Numeric, 0, 10, Sensitivity.None),
        new(76, "number of debits", FieldFormat.Numeric, 0, 10, Sensitivity.None),
        new(77, "number of reversed debits", FieldFormat.Numeric, 0, 10, Sensitivity.None),
        new(86, "amount of credits", FieldFormat.Numeric, 0, 16, Sensitivity.None),
        new(87, "amount of reversed credits", FieldFormat.Numeric, 0, 16, Sensitivity.None),
        new(88, "amount of debits", FieldFormat.Numeric, 0, 16, Sensitivity.None),
        new(89, "amount of reversed debits", FieldFormat.Numeric, 0, 16, Sensitivity.None),
        new(90, "original data elements", FieldFormat.Numeric, 0, 42, Sensitivity.None),
        new(97, "net settlement", FieldFormat.Text, 0, 17, Sensitivity.None),
        new(128, "MAC", FieldFormat.Binary, 0, 8, Sensitivity.None),
    ]);

    /// <returns>Null when the field is not in use.</returns>
    public FieldSpec? Find(int number) => number is > 0 and <= MaxField ? _fields[number] : null;

    internal bool IsPacked(FieldSpec field) => Digits == DigitEncoding.Packed && field.Format is (FieldFormat.Numeric or FieldFormat.Track2);

    /// <summary>In bytes.</summary>
    internal int PrefixLength(FieldSpec field) => Lengths == LengthEncoding.Ascii ? field.LengthDigits : (field.LengthDigits + 1) / 2;

    /// <summary>In bytes.</summary>
    internal int ContentLength(FieldSpec field, int length) => IsPacked(field) ? (length + 1) / 2 : length;
}
