using Lakala.Wire.Iso8583;

namespace Lakala.Wire.Terminal;

/// <summary>The sender: fields 41 and 42, and the trace number of this exchange, field 11.</summary>
public readonly record struct Origin(string Terminal, string Store, int Stan)
{
    internal Iso8583Message On(string mti) => new Iso8583Message(Iso8583Spec.Lakala, mti).Set(11, Stan).Set(41, Terminal).Set(42, Store);

    /// <exception cref="Iso8583Exception">One of the fields is absent.</exception>
    public static Origin ReadFrom(Iso8583Message message) => new(message.Require(41), message.Require(42), (int)message.RequireNumber(11));
}
