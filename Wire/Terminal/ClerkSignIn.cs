using Lakala.Wire.Iso8583;
using Lakala.Wire.Keys;

namespace Lakala.Wire.Terminal;

/// <summary>0800, field 70 = 061: a clerk signs in at the terminal, or a supervisor approves something there.</summary>
/// <param name="Clerk">Number within the store, 4 to 8 digits.</param>
/// <param name="Password">Under the session's PIN key, see <see cref="ClerkPasswordCipher"/>.</param>
public sealed record ClerkSignInRequest(Origin From, string Clerk, byte[] Password, int KeySet)
{
    public Iso8583Message ToIso() => From.On(Mti.NetworkRequest).Set(53, SecurityControl.Compose(KeySet)).Set(70, NetworkCode.ClerkSignIn)
        .Set(48, new PrivateData().Add(Tags.Clerk, Clerk).Add(Tags.ClerkPassword, Convert.ToHexString(Password)).ToBytes());

    public static ClerkSignInRequest FromIso(Iso8583Message message)
    {
        var data = PrivateData.ReadFrom(message);
        return new ClerkSignInRequest(Origin.ReadFrom(message), data.Require(Tags.Clerk), data.RequireHex(Tags.ClerkPassword), SecurityControl.KeySetOf(message));
    }
}

/// <summary>0810 to a clerk's sign-in: 00 with name and role, or 63.</summary>
public sealed record ClerkSignInAnswer(Origin To, Verdict Verdict, string? Name, bool IsSupervisor)
{
    private const string Supervisor = "S", Ordinary = "C";
    private const int MaxName = 60;

    public Iso8583Message ToIso() => To.On(Mti.NetworkAnswer).Set(39, Verdict.Code).Set(70, NetworkCode.ClerkSignIn)
        .Set(48, Verdict.AddTo(new PrivateData()
            .AddText(Tags.ClerkName, Name, MaxName)
            .Add(Tags.ClerkRole, Name is null ? null : IsSupervisor ? Supervisor : Ordinary)).ToBytes());

    public static ClerkSignInAnswer FromIso(Iso8583Message message)
    {
        var data = PrivateData.ReadFrom(message);
        return new ClerkSignInAnswer(Origin.ReadFrom(message), Verdict.ReadFrom(message, data), data[Tags.ClerkName], data[Tags.ClerkRole] == Supervisor);
    }
}
