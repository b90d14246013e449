using System.Security.Cryptography;

namespace Lakala.Wire.Keys;

/// <summary>A key in clear exists for one use only.</summary>
public static class ClearKey
{
    /// <summary>Calls the function with the key, then wipes the key.</summary>
    public static T Spend<T>(byte[] key, Func<byte[], T> make)
    {
        try
        {
            return make(key);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }
    }
}
