using Lakala.Wire.Iso8583;

namespace Lakala.Wire.Terminal;

/// <summary>0800 within a session: echo (field 70 = 301) or sign-off (002).</summary>
/// <param name="Health">With an echo: the terminal's health.</param>
public sealed record NetworkRequest(Origin From, int Code, int KeySet, TerminalHealth? Health = null)
{
    public Iso8583Message ToIso() => From.On(Mti.NetworkRequest).Set(53, SecurityControl.Compose(KeySet)).Set(70, Code)
        .Set(48, Health is null ? null : new PrivateData().Add(Tags.Health, Health.ToString()).ToBytes());

    public static NetworkRequest FromIso(Iso8583Message message) => new(
        Origin.ReadFrom(message),
        (int)message.RequireNumber(70),
        SecurityControl.KeySetOf(message),
        PrivateData.ReadFrom(message)[Tags.Health] is { } health ? TerminalHealth.Parse(health) : null);
}

/// <summary>0810 to an echo or a sign-off, and to any 0800 that is refused.</summary>
public sealed record NetworkAnswer(Origin To, int Code, Verdict Verdict)
{
    public Iso8583Message ToIso() =>
        To.On(Mti.NetworkAnswer).Set(39, Verdict.Code).Set(70, Code).Set(48, Verdict.AddTo(new PrivateData()).ToBytes());

    public static NetworkAnswer FromIso(Iso8583Message message) =>
        new(Origin.ReadFrom(message), (int)message.RequireNumber(70), Verdict.ReadFrom(message, PrivateData.ReadFrom(message)));
}
